import { monitoringWords } from '../../plan/words.js';
import { inState, vlanWords } from '../../standby/report.js';
import { type Html, html } from './html.js';
import { badge, count, definitions, table, thousands } from './parts.js';
import { addressOf, type PageBond, type PageQuery } from './query.js';
import { reasonWords } from './verdict.js';

/** So many bonds are shown, and so many links of each: of more, the rest is counted. */
const BONDS_SHOWN = 24;
const LINKS_SHOWN = 16;

/** The bonds with their links. @param bonds those that were asked for */
export function bondsSection(bonds: readonly PageBond[], query: PageQuery | null): Html {
  const more = bonds.length - BONDS_SHOWN;
  const cards = bonds.slice(0, BONDS_SHOWN).map((bond) => bondCard(bond, query));
  const none = (query?.bond ?? null) === null ? 'This host has no active-backup bond.' : 'There is no such bond.';
  const others = query === null ? html`<code>bondherald status</code>` : html`choose one <a href="#guests">below</a>`;
  return html`<section aria-labelledby="bonds">
    <h2 id="bonds">Bonds</h2>
    ${bonds.length === 0 ? html`<p class="empty">${none}</p>` : html`<div class="cards">${cards}</div>`}
    ${more > 0 ? html`<p class="more">and ${count(more, 'bond')} more: ${others}</p>` : null}
  </section> `;
}

function bondCard(status: PageBond, query: PageQuery | null): Html {
  const { bond, activeSlave, guests, failovers } = status;
  const { announced, suppressed } = guests;
  const left = Object.entries(suppressed).sort(([one], [other]) => (one < other ? -1 : 1));
  const address = query === null ? '#guests' : addressOf({ ...query, bond, guest: null, after: null }, '#guests');
  const notAnnounced = left.map(([reason, some]) => html`<br />${thousands(some)} not: ${reasonWords(reason)}`);
  return html`<article class="card">
    <h3>${bond}</h3>
    <p class="dim">${modeWords(status).join(', ')}</p>
    ${linksTable(status)} ${activeSlave === null ? html`<p>${badge('bad', 'no active link')}</p>` : null}
    ${definitions([
      ['Guests', [html`<a href="${address}">${thousands(announced)} announced</a>`, ...notAnnounced]],
      [
        'Failovers',
        failovers === null ? 'unknown' : `${failovers === 0 ? 'none' : thousands(failovers)} since the start`,
      ],
    ])}
  </article> `;
}

function modeWords({ mode, monitoring }: PageBond): string[] {
  return [mode ?? 'unknown mode', ...monitoringWords(monitoring)];
}

function linksTable({ bond, slaves, standby }: PageBond): Html {
  if (slaves.length === 0) return html`<p>${badge('bad', 'no links')}</p>`;
  const rows = slaves.slice(0, LINKS_SHOWN).map(({ slave, up, carrier, state }) => {
    const word = up ? (carrier ? badge('good', 'yes') : badge('bad', 'no')) : badge('off', 'no: down');
    return html`<tr>
      <th scope="row">${slave}</th>
      <td>${word}</td>
      <td>${state === 'active' ? html`<b>active</b>` : state}</td>
    </tr>`;
  });
  const missing = (standby ?? []).filter((link) => inState(link, 'missing').length > 0);
  const warnings = missing
    .slice(0, LINKS_SHOWN)
    .map((link) => html`<p>${badge('bad', `${link.link} lacks ${vlanWords(inState(link, 'missing'))}`)}</p>`);
  const more = slaves.length - rows.length;
  const rest = more > 0 ? html`<p class="more">and ${count(more, 'link')} more</p>` : null;
  return html`<div class="own">${table(`Links of ${bond}`, ['Link', 'Carrier', 'State'], rows)}</div>
    ${rest} ${warnings}`;
}
