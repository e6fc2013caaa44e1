import type { BondId } from '../topology/bond-id.js';
import type { AnnounceConfig } from '../config/config.js';
import { Damping } from '../plan/limits.js';
import { controlWords, EPOCH } from './batch-memory.js';
import type { BondGuests } from './bond-guests.js';
import { NO_ROUND, type RoundOutcome } from './thread-messages.js';

/**
 * The first rounds of the bonds that Open vSwitch keeps, which sends RARPs itself: here nothing is sent. What is left is
 * to say which run begins, or that the bond fails over too often. Holds one entry a bond.
 */
export class OvsFirstRounds {
  private readonly damping = new Map<BondId, Damping>();

  /** @param bonds by bond, the guests that are announced there */
  constructor(
    private readonly bonds: ReadonlyMap<BondId, BondGuests>,
    private settings: AnnounceConfig['damping'],
  ) {}

  /** Failovers to come are judged by these settings, and by what was announced before. */
  configure(settings: AnnounceConfig['damping']): void {
    this.settings = settings;
    for (const damping of this.damping.values()) damping.configure(settings);
  }

  /** A failover: the run that lasts is over. @param done how many guests have had their RARP @param now monotonic, s */
  failover(bond: BondId, done: number, now: number): RoundOutcome {
    const epoch = this.cancel(bond);
    const damped = this.dampingOf(bond).failover(now);
    return damped === null ? this.begin(bond, done, epoch) : { ...NO_ROUND, epoch, damped };
  }

  /** The time has come for what was held back. @returns null when that is not to be, or not yet */
  release(bond: BondId, now: number): RoundOutcome | null {
    return this.dampingOf(bond).release(now) ? this.begin(bond, 0, this.cancel(bond)) : null;
  }

  /** From here on nothing is sent for the run that lasts. @returns the number of the next */
  cancel(bond: BondId): number {
    const guests = this.bonds.get(bond);
    return guests ? Atomics.add(controlWords(guests.batch.memory), EPOCH, 1) + 1 : 0;
  }

  /** Whether a run is still the one that goes on. */
  lasts(bond: BondId, epoch: number): boolean {
    const guests = this.bonds.get(bond);
    return guests !== undefined && Atomics.load(controlWords(guests.batch.memory), EPOCH) === epoch;
  }

  forget(bond: BondId): void {
    this.damping.delete(bond);
  }

  private begin(bond: BondId, done: number, epoch: number): RoundOutcome {
    const count = this.bonds.get(bond)?.batch.size;
    if (!count) this.dampingOf(bond).takeBack();
    const portion = count === undefined ? null : { edition: 0, start: 0, count, turns: Math.min(done, count) };
    return { ...NO_ROUND, portion, epoch };
  }

  private dampingOf(bond: BondId): Damping {
    const held = this.damping.get(bond) ?? new Damping(this.settings);
    this.damping.set(bond, held);
    return held;
  }
}
