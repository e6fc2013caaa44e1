import { parseStationMac } from '../addr/mac.js';
import type { GuestSnapshot, Snapshot } from '../guests/snapshot.js';
import { isRecord, parseJson, readBond, readGuest } from './decode.js';
import { MAX_BONDS, MAX_BYTES, MAX_GUESTS, type SavedState } from './document.js';

/** The form that is written, and the only one that is read. */
const VERSION = 1;

/** Which document a journal goes with: no other has the same time and length in one boot. */
interface JournalHead {
  readonly bootId: string;
  /** Those of the document: Unix time in seconds, and how many bytes it has. */
  readonly savedAt: number;
  readonly bytes: number;
}

/**
 * The first line of a journal, which says what has changed since a document was written: a change is a line.
 *
 *     {"version":1,"bootId":"...","savedAt":1700000000.123,"bytes":19700000}
 *     {"bonds":[...],"guests":[{"mac":"52:54:00:00:00:01","places":[...],"heard":[...]},...]}
 *
 * Bonds and guests are as in the document, the bonds all of them, and the guests those that are others now; one that has
 * neither places nor heard is none any more.
 */
export function journalHead({ bootId, savedAt, bytes }: JournalHead): string {
  return `${JSON.stringify({ version: VERSION, bootId, savedAt, bytes })}\n`;
}

/** A change, piece by piece. */
export function* encodeChange({ bonds, guests }: Snapshot): Generator<string> {
  yield `{"bonds":${JSON.stringify(bonds.slice(0, MAX_BONDS))},"guests":[`;
  let separator = '';
  for (const { mac, places, heard } of guests) {
    yield separator + JSON.stringify({ mac, places, heard });
    separator = ',';
  }
  yield ']}\n';
}

/**
 * Takes the changes of a journal into the state that its document was read as. One that was not written to its end is
 * none, and ends the journal.
 * @returns the state with them, or as it is where the journal is another document's; and how many entries were passed over
 */
export function applyJournal(
  bytes: Uint8Array,
  head: JournalHead,
  state: SavedState,
): { readonly state: SavedState; readonly dropped: number } {
  const expected = Buffer.from(journalHead(head));
  if (bytes.length > MAX_BYTES || !expected.equals(bytes.subarray(0, expected.length))) return { state, dropped: 0 };
  const guests = new Map(state.guests.map((guest) => [guest.mac, guest]));
  let { bonds } = state;
  let dropped = 0;
  for (const line of linesOf(bytes.subarray(expected.length))) {
    const change = parseJson(line);
    if (!isRecord(change) || !Array.isArray(change['bonds']) || !Array.isArray(change['guests'])) {
      dropped++;
      break; // what comes behind it may rest on it
    }
    const known = change['bonds'].slice(0, MAX_BONDS).flatMap((bond) => readBond(bond) ?? []);
    dropped += change['bonds'].length - known.length;
    bonds = known;
    for (const entry of change['guests']) if (!take(guests, entry)) dropped++;
  }
  return { state: { ...state, bonds, guests: [...guests.values()] }, dropped };
}

/** @returns whether the entry is right; what is wrong may say that the guest left */
function take(guests: Map<string, GuestSnapshot>, entry: unknown): boolean {
  const mac = isRecord(entry) && typeof entry['mac'] === 'string' ? parseStationMac(entry['mac']) : undefined;
  if (!isRecord(entry) || mac === undefined) return false;
  guests.delete(mac);
  const isGone = [entry['places'], entry['heard']].every((list) => Array.isArray(list) && list.length === 0);
  const guest = isGone ? undefined : readGuest(entry);
  if (guest && guests.size < MAX_GUESTS) guests.set(mac, guest);
  return isGone || guest !== undefined;
}

const NEWLINE = 0x0a;

/** The lines that have an end. */
function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0, end = bytes.indexOf(NEWLINE); end >= 0; from = end + 1, end = bytes.indexOf(NEWLINE, from))
    yield bytes.subarray(from, end);
}
