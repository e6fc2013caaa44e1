import type { Finding } from '../../doctor/finding.js';
import { clip, type Html, html } from './html.js';
import { ago, badge, definitions, utc } from './parts.js';
import type { PageDiagnosis } from './query.js';

/** So much is shown of what the doctor finds. */
const FINDINGS_SHOWN = 30;
const UNREAD_SHOWN = 10;
const TEXT_LENGTH = 600;

/** What the doctor says of this host, warnings first. */
export function findingsSection(diagnosis: PageDiagnosis | string, now: number): Html {
  const body =
    typeof diagnosis === 'string'
      ? html`<p>${badge('bad', `the doctor failed: ${clip(diagnosis, TEXT_LENGTH)}`)}</p>`
      : findings(diagnosis, now);
  return html`<section aria-labelledby="doctor">
    <h2 id="doctor">Doctor</h2>
    ${body}
  </section> `;
}

function findings({ findings, unread, at }: PageDiagnosis, now: number): Html {
  const more = findings.length - FINDINGS_SHOWN;
  return html`<p class="dim">
      Checked ${utc(at)}, ${ago(at, now)}.${findings.length === 0 ? ' Nothing to fix.' : null}
    </p>
    ${findings.slice(0, FINDINGS_SHOWN).map(findingCard)}
    ${more > 0 ? html`<p class="more">and ${more} more: <code>bondherald doctor</code></p>` : null}
    ${unread.slice(0, UNREAD_SHOWN).map((line) => html`<p class="dim">${clip(line, TEXT_LENGTH)}</p>`)}
    ${unread.length > UNREAD_SHOWN ? html`<p class="more">and ${unread.length - UNREAD_SHOWN} more not checked</p>` : null}`;
}

function findingCard({ level, subject, finding, meaning, cure }: Finding): Html {
  return html`<article class="card">
    <h3>${badge(level === 'warning' ? 'warn' : 'off', level)} ${clip(subject, TEXT_LENGTH)}</h3>
    <p>${clip(finding, TEXT_LENGTH)}</p>
    ${definitions([
      ['At the next failover', clip(meaning, TEXT_LENGTH)],
      ['Cure', html`<code>${clip(cure, TEXT_LENGTH)}</code>`],
    ])}
  </article> `;
}
