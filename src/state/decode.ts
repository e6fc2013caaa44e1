import type { BondSnapshot, GuestSnapshot } from '../guests/snapshot.js';
import { TextDecoder } from 'node:util';
import { MAX_BONDS, MAX_BYTES, MAX_GUESTS, type SavedState, VERSION } from './document.js';
import { hasKeys, isNumber, readBond, readGuest } from './entries.js';

/** Why a file is not taken. */
type RefusalReason = 'too-large' | 'malformed' | 'version' | 'other-boot';

/** What a file turned out to be. */
type Decoded =
  | {
      readonly reason: null;
      readonly state: SavedState;
      /** Entries that were passed over. */ readonly dropped: number;
    }
  | { readonly reason: RefusalReason };

/**
 * Reads a document. Entries that are wrong are passed over, each alone: a guest with all its places.
 * @param bootId of the boot in which we run
 */
export function decodeState(bytes: Uint8Array, bootId: string): Decoded {
  if (bytes.length > MAX_BYTES) return { reason: 'too-large' };
  const document = parse(bytes);
  if (!isRecord(document) || typeof document['version'] !== 'number') return { reason: 'malformed' };
  if (document['version'] !== VERSION) return { reason: 'version' };
  if (!hasKeys(document, ['version', 'bootId', 'savedAt', 'bonds', 'guests'])) return { reason: 'malformed' };
  const { bootId: writtenIn, savedAt, bonds, guests } = document;
  if (typeof writtenIn !== 'string' || !isNumber(savedAt)) return { reason: 'malformed' };
  if (!Array.isArray(bonds) || !Array.isArray(guests)) return { reason: 'malformed' };
  if (writtenIn !== bootId) return { reason: 'other-boot' };
  if (bonds.length > MAX_BONDS || guests.length > MAX_GUESTS) return { reason: 'too-large' };
  const state = { savedAt, bonds: readAll<BondSnapshot>(bonds, readBond), guests: readGuests(guests) };
  return { reason: null, state, dropped: bonds.length + guests.length - state.bonds.length - state.guests.length };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readAll<T>(entries: readonly unknown[], read: (entry: unknown) => T | undefined): T[] {
  return entries.flatMap((entry) => read(entry) ?? []);
}

/** A MAC that comes twice is where its later entry says. */
function readGuests(entries: readonly unknown[]): GuestSnapshot[] {
  return [...new Map(readAll<GuestSnapshot>(entries, readGuest).map((guest) => [guest.mac, guest])).values()];
}
