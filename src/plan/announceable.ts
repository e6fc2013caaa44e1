import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Tag } from '../frames/ethernet.js';

/** A MAC, and how its frames leave the bond. */
export interface Place {
  readonly mac: Mac;
  readonly tags: readonly Tag[];
}

/** An address of a guest, as far as an announcement cares. */
export interface Address {
  readonly ip: Ip;
  /** The Router flag for a Neighbor Advertisement. */
  readonly router: boolean;
  /** Why it is not announced now; null: it is. */
  readonly withheld: string | null;
}

/** Who is announced on a bond, at the moment of asking. A key names a MAC and a stack of tags. */
export interface Announceable {
  keys(): Iterable<string>;
  /** The guest's RARP frame, kept ready; null when it is not announced any more. */
  rarp(key: string): Uint8Array | null;
  /** Null when it is not announced any more. */
  place(key: string): Place | null;
  /** @param now monotonic clock, seconds */
  addresses(place: Place, now: number): readonly Address[];
}
