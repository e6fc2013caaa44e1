import { age } from '../../plan/words.js';
import { bondsSection } from './bonds.js';
import { failoversSection } from './failovers.js';
import { findingsSection } from './findings.js';
import { guestsSection } from './guests.js';
import { type Html, html } from './html.js';
import { badge, definitions, thousands, utc } from './parts.js';
import { addressOf, type PageBond, type PageQuery, type PageValues } from './query.js';
import { STYLE } from './style.js';
import { type Verdict, verdictOf } from './verdict.js';

/** How often a browser asks again where somebody wants it to, in seconds. */
const REFRESH = 10;

/**
 * The status page as HTML: the bonds with their links, the last failovers, what the doctor says, and the guests. Without
 * scripts, and with nothing from elsewhere. Bounded, whatever the host has: what is not shown is counted. For a file, too.
 */
export function statusPage(values: PageValues): string {
  const { host, bonds, guests, diagnosis, query, policy, now } = values;
  const chosen = query === null || query.bond === null ? bonds : bonds.filter(({ bond }) => bond === query.bond);
  const verdict = verdictOf(values);
  const [failovers, doctor] = [failoversSection(chosen, now), findingsSection(diagnosis, now)];
  // What is to be fixed stands before what is over.
  const between = verdict.warnings === 0 ? [failovers, doctor] : [doctor, failovers];
  const sections = [bondsSection(chosen, query), between, guestsSection(guests, bonds, query)];
  const body = html`<body>
    ${header(values)}
    <main>
      <p class="verdict">${badge(verdict.tone, verdict.words)}</p>
      ${summary(bonds, verdict)} ${sections}
    </main>
  </body>`;
  return html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        ${policy === null ? null : html`<meta http-equiv="Content-Security-Policy" content="${policy}" />`}
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${query?.refresh ? html`<meta http-equiv="refresh" content="${REFRESH}" />` : null}
        <title>${host}: ${verdict.short} · bondherald</title>
        <link
          rel="icon"
          href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3' fill='%23${MARKS[verdict.tone]}'/%3E%3C/svg%3E"
        />
        ${STYLE}
      </head>
      ${body}
    </html> `.text;
}

/** Of the mark in a browser's tab. */
const MARKS = { good: '2da44e', warn: 'd4a72c', bad: 'cf222e', off: '8c959f' } as const;

function header({ host, version, started, now, query }: PageValues): Html {
  const elsewhere = html`<a href="metrics">/metrics</a> <a href="healthz">/healthz</a>`;
  return html`<header>
    <h1>${host} <small>bondherald ${version}</small></h1>
    <p class="dim">
      ${utc(now)}, running for ${age(Math.max(0, Math.round(now - started)))}
      ${query === null ? html`<br />written by <code>bondherald status --html</code>: it stays as it is` : refreshLink(query)}
    </p>
    <nav aria-label="Sections">
      <a href="#bonds">Bonds</a> <a href="#failovers">Failovers</a> <a href="#doctor">Doctor</a>
      <a href="#guests">Guests</a> ${query === null ? null : elsewhere}
    </nav>
  </header>`;
}

function refreshLink(query: PageQuery): Html {
  const words = query.refresh ? `stop refreshing every ${REFRESH} s` : `refresh every ${REFRESH} s`;
  return html`<a href="${addressOf({ ...query, refresh: !query.refresh })}">${words}</a>`;
}

function summary(bonds: readonly PageBond[], { links, working, announced, left, failovers, warnings }: Verdict): Html {
  const tiles: [name: string, value: string][] = [
    ['Bonds', String(bonds.length)],
    ['Links with carrier', `${working} of ${links}`],
    [
      'Guests announced',
      left === 0 ? thousands(announced) : `${thousands(announced)} of ${thousands(announced + left)}`,
    ],
    ['Failovers', thousands(failovers)],
    ['Warnings', warnings === null ? 'unknown' : String(warnings)],
  ];
  return definitions(tiles, 'tiles');
}
