import type { Mac } from '../addr/mac.js';
import { LruMap } from '../lru-map.js';
import type { Sighting } from '../sources/sighting.js';
import type { BondId } from '../topology/bond-id.js';

/** A bridge has moved a MAC from a guest's port to a bond. */
interface Move {
  readonly from: Sighting;
  readonly to: Sighting;
  /** The bonds that it came in by. */
  readonly bonds: readonly BondId[];
}

const NEVER = { before: -Infinity, first: -Infinity, last: -Infinity };

/** A frame that was on its way when the active slave changed is back within so many seconds, or was lost. */
export const REFLECTION_WINDOW = 2;

/** So many moves are kept for a failover that we have yet to hear of; a storm of migrations is none of our business. */
const MAX_MOVES = 4096;

/**
 * For so many seconds after a MAC came here from elsewhere, its way back is one: a guest that uses the address of a
 * station outside, such as a gateway, is not to have the station's own next frame taken for an echo of its own.
 */
const NEWCOMER_WINDOW = 60;

/**
 * Tells a reflection from a migration. A guest's broadcast that is on its way through the switches when the active
 * slave changes comes back by the new slave, and the bridge learns the guest there. A migration does not wait for a
 * failover: so a move within a short window after one is taken for a reflection. The bridge's message and ours of the
 * failover travel separately, so moves are kept for as long as the window.
 */
export class Reflections {
  /** One entry a bond: when it last failed over, the first of those before whose windows touch, and the one before them. */
  private readonly failovers = new Map<BondId, typeof NEVER>();
  private moves: { readonly move: Move; readonly at: number }[] = [];
  private healable: Sighting[] = [];
  /** When each MAC last came here from elsewhere, the latest last. Bounded by MAX_MOVES. */
  private readonly newcomers = new LruMap<Mac, number>(MAX_MOVES);

  /** Whether `bond` has failed over so short a while ago that what comes in by it may be a reflection. */
  isRecent(bond: BondId, now: number): boolean {
    const { before, first, last } = this.failovers.get(bond) ?? NEVER;
    return (now >= first && now - last <= REFLECTION_WINDOW) || isWithin(now, before);
  }

  /** A MAC moved. @returns whether it is a reflection: then the move does not count */
  moved(move: Move, now: number): boolean {
    if (now - (this.newcomers.get(move.from.mac) ?? -Infinity) <= NEWCOMER_WINDOW) return false;
    if (move.bonds.some((bond) => this.isRecent(bond, now))) {
      this.heal(move.from);
      return true;
    }
    this.moves = [...this.moves.filter(({ at }) => now - at <= REFLECTION_WINDOW), { move, at: now }].slice(-MAX_MOVES);
    return false;
  }

  /** A MAC that was elsewhere, and not by a move that may yet prove a reflection, has come to a guest's port. */
  came(mac: Mac, now: number): void {
    if (this.moves.some(({ move, at }) => move.to.mac === mac && now - at <= REFLECTION_WINDOW)) return;
    this.newcomers.set(mac, now);
  }

  /** A bond failed over at `arrived`. @returns the moves within the window after it, the latest first */
  failedOver(bond: BondId, arrived: number): readonly Move[] {
    const held = this.failovers.get(bond) ?? NEVER;
    const earlier = isWithin(arrived, held.last) ? held : { before: held.last, first: arrived };
    this.failovers.set(bond, { ...earlier, last: arrived });
    const reflected = this.moves.filter(({ move, at }) => isWithin(at, arrived) && move.bonds.includes(bond));
    this.moves = this.moves.filter((entry) => !reflected.includes(entry));
    return reflected.map(({ move }) => move).reverse();
  }

  /** The rows that are to be put back since the last call. */
  takeHealable(): readonly Sighting[] {
    return this.healable.splice(0);
  }

  /** A row is to be put back into its bridge. */
  heal(row: Sighting): void {
    if (this.healable.length < MAX_MOVES) this.healable.push(row);
  }
}

/** Whether `time` is in the window that begins with a failover: what was before it cannot have come of it. */
export function isWithin(time: number, failover: number): boolean {
  return time >= failover && time - failover <= REFLECTION_WINDOW;
}
