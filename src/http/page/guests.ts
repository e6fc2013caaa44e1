import { age } from '../../plan/words.js';
import { clip, type Html, html } from './html.js';
import { badge, count, table, thousands } from './parts.js';
import { addressOf, EVERYTHING, type PageBond, type PageGuest, type PageGuests, type PageQuery } from './query.js';
import { reasonWords } from './verdict.js';

/** So many guests are on one page, and so many addresses of each. */
export const GUESTS_SHOWN = 200;
const ADDRESSES_SHOWN = 4;

/** A guest may have any name. */
const NAME_LENGTH = 64;

/** So many bonds can be chosen from a list; another one by its name in the page's address. */
const BONDS_TO_CHOOSE = 256;

/** Who is behind the bonds, with what to choose them by. @param bonds all there are */
export function guestsSection(guests: PageGuests, bonds: readonly PageBond[], query: PageQuery | null): Html {
  const { rows } = guests;
  return html`<section aria-labelledby="guests">
    <h2 id="guests">Guests</h2>
    ${query === null ? null : chooser(bonds, query)}
    ${rows.length === 0 ? html`<p class="empty">${emptyWords(guests, query ?? EVERYTHING)}</p>` : html`<div class="card">${guestTable(guests, bonds.length > 1)}</div>`}
    ${query === null ? moreWords(guests) : pageLinks(guests, query)}
  </section> `;
}

function moreWords({ next }: PageGuests): Html | null {
  return next === null ? null : html`<p class="more">and more: <code>bondherald guests</code></p>`;
}

function pageLinks({ next }: PageGuests, query: PageQuery): Html {
  const again = { ...query, after: null };
  return html`<p class="pages">
    ${query.after === null ? null : html`<a href="${addressOf(again, '#guests')}">first page</a> `}${
      next === null ? null : html`<a href="${addressOf({ ...query, after: next }, '#guests')}" rel="next">next page</a>`
    }
  </p>`;
}

function emptyWords({ total }: PageGuests, { after, bond, guest }: PageQuery): string {
  if (after !== null) return 'No more guests.';
  return (bond ?? guest) === null || total === 0 ? 'There are no guests behind the bonds.' : 'No guest matches.';
}

/** A form without a script: its fields become the query of the page's address. */
function chooser(bonds: readonly PageBond[], { bond, guest, refresh }: PageQuery): Html {
  const names = bonds.slice(0, BONDS_TO_CHOOSE).map((each) => each.bond);
  const options = (bond === null || names.includes(bond) ? names : [bond, ...names]).map(
    (name) => html`<option value="${name}" ${name === bond ? html` selected` : null}>${name}</option>`,
  );
  return html`<form method="get">
    <p>
      <label for="bond">Bond</label>
      <select id="bond" name="bond">
        <option value="">all</option>
        ${options}
      </select>
    </p>
    <p>
      <label for="guest">MAC, VLAN, port, name or address</label>
      <input
        id="guest"
        name="guest"
        type="search"
        maxlength="64"
        autocomplete="off"
        spellcheck="false"
        value="${guest ?? ''}"
      />
    </p>
    <p>
      ${refresh ? html`<input type="hidden" name="refresh" value="on" />` : null}<button>Show</button>${
        (bond ?? guest) === null
          ? null
          : html` <a href="${addressOf({ bond: null, guest: null, after: null, refresh }, '#guests')}">show all</a>`
      }
    </p>
  </form>`;
}

function guestTable({ rows, matching, total }: PageGuests, withBond: boolean): Html {
  const shown =
    rows.length === matching ? count(matching, 'guest') : `${thousands(rows.length)} of ${count(matching, 'guest')}`;
  const caption = matching === total ? shown : `${shown}, out of ${thousands(total)}`;
  const head = [
    'MAC',
    ...(withBond ? ['Bond'] : []),
    'VLAN',
    'Port',
    'Guest',
    'Announced',
    'Addresses',
    'Source',
    'Last seen',
  ];
  return table(
    caption,
    head,
    rows.map((guest) => guestRow(guest, withBond)),
  );
}

function guestRow(guest: PageGuest, withBond: boolean): Html {
  const { mac, vlan, port, reason, source, lastSeen } = guest;
  const announced = reason === null ? badge('good', 'yes') : badge('warn', `no: ${reasonWords(reason)}`);
  const seen = lastSeen === null ? 'now' : `${age(lastSeen)} ago`;
  const cells = [...(withBond ? [guest.bond] : []), vlan, port, guest.guest && clip(guest.guest, NAME_LENGTH)];
  return html`<tr>
    <th scope="row">${mac}</th>
    ${cells.map((cell) => html`<td>${cell ?? '–'}</td>`)}
    <td class="wrap">${announced}</td>
    <td class="wrap">${addresses(guest)}</td>
    <td>${source}</td>
    <td>${seen}</td>
  </tr> `;
}

function addresses({ addresses }: PageGuest): string {
  if (addresses.length === 0) return '–';
  const shown = addresses.slice(0, ADDRESSES_SHOWN).join(', ');
  return addresses.length > ADDRESSES_SHOWN ? `${shown} and ${addresses.length - ADDRESSES_SHOWN} more` : shown;
}
