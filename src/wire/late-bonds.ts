import { LruMap } from '../lru-map.js';
import type { BondId } from '../topology/bond-id.js';
import type { BondGuests } from './bond-guests.js';
import type { FirstRound } from './thread-messages.js';

/** More bonds than any host has, each under every name that it had. */
const MAX_NAMES = 1024;

/**
 * The bonds that have had guests, and had none when they last failed over: a network service has the bond or the guests
 * out of their bridge for a moment, or makes the bond anew. A bond that never had any is none: its first guests have
 * nothing to be announced for. Bounded by the number of bonds on the host, and MAX_NAMES.
 */
export class LateBonds {
  /** Those that found nobody. */
  private readonly late = new Set<BondId>();
  /** The names and ifindexes of bonds that have had guests: one that is made anew, or renamed, is known by the other. */
  private readonly had = new LruMap<string | BondId, true>(MAX_NAMES);

  /** @param guests by bond, the guests that are announced there */
  constructor(
    private readonly guests: ReadonlyMap<BondId, BondGuests>,
    private readonly nameOf: (bond: BondId) => string | undefined,
  ) {}

  /** A bond has failed over. */
  failover({ bond, portion, damped, doneByOvs }: FirstRound): void {
    const nobody = damped === null && (portion?.count ?? 0) + (doneByOvs?.size ?? 0) === 0;
    if (nobody) this.late.add(bond);
    else this.late.delete(bond);
  }

  /** Whether a bond is late. One that is made anew may get its name after its failover. */
  has(bond: BondId): boolean {
    return this.late.has(bond) && (this.had.has(bond) || this.had.has(this.nameOf(bond) ?? ''));
  }

  /** The bond is announced. */
  forget(bond: BondId): void {
    this.late.delete(bond);
  }

  /** Those that have guests now. To be called whenever bonds or guests may be others. */
  withGuests(): BondId[] {
    for (const bond of this.late) if (!this.guests.has(bond)) this.late.delete(bond);
    const having = [...this.guests].flatMap(([bond, { batch }]) => (batch.size > 0 ? [bond] : []));
    const late = having.filter((bond) => this.has(bond));
    for (const bond of having) {
      for (const known of [bond, this.nameOf(bond)]) if (known) this.had.set(known, true);
      if (!late.includes(bond)) this.late.delete(bond); // its first guests
    }
    return late;
  }
}
