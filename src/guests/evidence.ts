import type { Sighting } from '../sources/sighting.js';
import type { BondId } from '../topology/bond-id.js';
import type { Exit } from '../topology/keys.js';
import type { HeardPlace } from './heard-book.js';
import type { Remembered } from './memory.js';

/** Everything that speaks for or against a MAC. */
export interface Evidence {
  /** What the sources say now. */
  readonly sightings: readonly Sighting[];
  /** Where it was, the latest last. */
  readonly remembered: readonly Remembered[];
  /** By which ways it was heard on the bonds. */
  readonly heard: readonly HeardPlace[];
  /** Where the configuration says that it is. */
  readonly configured: readonly Claim[];
  /** Ways out by which somebody at the keyboard wants it announced, where no source knows it. */
  readonly claimed: readonly Exit[];
}

/** The operator's word that a MAC is behind a bond. */
export interface Claim {
  readonly bond: BondId;
  /** The outermost tag; null: whatever is right where a source knows the MAC, else untagged. */
  readonly vlan: number | null;
}
