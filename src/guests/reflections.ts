import type { Mac } from '../addr/mac.js';
import { LruMap } from '../lru-map.js';
import type { Sighting } from '../sources/sighting.js';
import type { BondId } from '../topology/bond-id.js';

/** A bridge has moved a MAC from a guest's port to a bond. */
export interface Move {
  readonly from: Sighting;
  readonly to: Sighting;
  /** The bonds that it came in by. */
  readonly bonds: readonly BondId[];
  /** Whether the row is an administrator's (NUD_NOARP). The bridge moves such a row all the same, and it stays one. */
  readonly fixed: boolean;
}

/** A move that may yet prove a reflection. */
interface PendingMove {
  readonly move: Move;
  readonly at: number;
  /** Whether the MAC had come here from elsewhere just before, so that no failover explains it. */
  readonly isNewcomers: boolean;
  /** Whether it was undone already, because the frame that caused it was an echo. */
  readonly undone: boolean;
}

/** A row that is to be put back into its bridge. */
export interface Healable {
  readonly row: Sighting;
  /** Whether it is an administrator's, which does not age (NUD_NOARP). */
  readonly fixed: boolean;
  /** Whether the switches on the way have learned the wrong port too: they have forwarded the frame by another link. */
  readonly misledSwitches: boolean;
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

/** The bridge's message of a move and ours of the echo that caused it are so many seconds apart, at most. */
const ECHO_APART = 0.5;

/**
 * For so many seconds after an echo of a MAC, a move of it to that bond counts as one, unless it was heard coming in: of
 * the frames that a guest broadcasts we hear a few kinds only, and what returns these returns the others too.
 */
const ECHO_MEMORY = 60;

/**
 * Tells a reflection from a migration. A guest's broadcast that is on its way through the switches when the active
 * slave changes comes back by the new slave, and the bridge learns the guest there. A migration does not wait for a
 * failover: so a move within a short window after one is taken for a reflection. The bridge's message and ours of the
 * failover travel separately, so moves are kept for as long as the window. A frame that comes back at any other time, from
 * a switch port in VEPA mode or a loop outside, is known by its echo, which the bonds are heard for.
 */
export class Reflections {
  /** One entry a bond: when it last failed over, the first of those before whose windows touch, and the one before them. */
  private readonly failovers = new Map<BondId, typeof NEVER>();
  private moves: PendingMove[] = [];
  private healable: Healable[] = [];
  /** When an echo of each MAC last came in by each bond. Bounded by MAX_MOVES. */
  private readonly echoes = new LruMap<string, number>(MAX_MOVES);
  /** When each MAC last came here from elsewhere, the latest last. Bounded by MAX_MOVES. */
  private readonly newcomers = new LruMap<Mac, number>(MAX_MOVES);

  /** Whether `bond` has failed over so short a while ago that what comes in by it may be a reflection. */
  isRecent(bond: BondId, now: number): boolean {
    const { before, first, last } = this.failovers.get(bond) ?? NEVER;
    return (now >= first && now - last <= REFLECTION_WINDOW) || isWithin(now, before);
  }

  /**
   * A MAC moved.
   * @param cameIn when it was last heard coming in by the bonds that it moved to
   * @returns whether it is a reflection: then the move does not count
   */
  moved(move: Move, cameIn: number, now: number): boolean {
    const isNewcomers = now - (this.newcomers.get(move.from.mac) ?? -Infinity) <= NEWCOMER_WINDOW;
    const isRecent = !isNewcomers && move.bonds.some((bond) => this.isRecent(bond, now));
    const echo = this.lastEcho(move);
    const undone = isRecent || (now - echo <= ECHO_MEMORY && cameIn <= echo);
    // Who has a row of an administrator's may have no other: a port that does not learn gets none from the next frame.
    if (isRecent || (undone && (move.fixed || now - echo <= ECHO_APART))) this.heal(move, isRecent);
    if (!isRecent) this.keep({ move, at: now, isNewcomers, undone });
    return undone;
  }

  private keep(pending: PendingMove): void {
    const { moves } = this;
    this.moves = [...moves.filter(({ at }) => pending.at - at <= REFLECTION_WINDOW), pending].slice(-MAX_MOVES);
  }

  private lastEcho({ from: { mac }, bonds }: Move): number {
    return Math.max(-Infinity, ...bonds.map((bond) => this.echoes.get(echoKey(mac, bond)) ?? -Infinity));
  }

  /** A MAC that was elsewhere, and not by a move that may yet prove a reflection, has come to a guest's port. */
  came(mac: Mac, now: number): void {
    const mayBe = ({ move, at, isNewcomers }: PendingMove): boolean =>
      !isNewcomers && move.to.mac === mac && now - at <= REFLECTION_WINDOW;
    if (!this.moves.some(mayBe)) this.newcomers.set(mac, now);
  }

  /** A frame of a MAC came back by a bond at `at`. @returns its moves there just before, the latest first */
  echoed(mac: Mac, bond: BondId, at: number): readonly Move[] {
    this.echoes.set(echoKey(mac, bond), at);
    const isOf = ({ move, at: time }: PendingMove): boolean =>
      move.to.mac === mac && move.bonds.includes(bond) && at - time <= ECHO_APART;
    const caused = this.moves.filter((each) => isOf(each) && !each.undone);
    if (caused.length > 0)
      this.moves = this.moves.map((each) => (caused.includes(each) ? { ...each, undone: true } : each));
    return caused.map(({ move }) => move).reverse();
  }

  /**
   * A bond failed over at `arrived`.
   * @returns the moves within the window after it, the latest first, and whether each was undone already
   */
  failedOver(bond: BondId, arrived: number): readonly Pick<PendingMove, 'move' | 'undone'>[] {
    const held = this.failovers.get(bond) ?? NEVER;
    const earlier = isWithin(arrived, held.last) ? held : { before: held.last, first: arrived };
    this.failovers.set(bond, { ...earlier, last: arrived });
    const isOf = ({ move, at, isNewcomers }: PendingMove): boolean =>
      !isNewcomers && isWithin(at, arrived) && move.bonds.includes(bond);
    const reflected = this.moves.filter(isOf);
    this.moves = this.moves.filter((entry) => !reflected.includes(entry));
    return reflected.reverse();
  }

  /** The rows that are to be put back since the last call. */
  takeHealable(): readonly Healable[] {
    return this.healable.splice(0);
  }

  /** The row of a move is to be put back into its bridge. */
  heal({ from: row, fixed }: Move, misledSwitches: boolean): void {
    if (this.healable.length < MAX_MOVES) this.healable.push({ row, fixed, misledSwitches });
  }
}

const echoKey = (mac: Mac, bond: BondId): string => `${mac} ${bond}`;

/** Whether `time` is in the window that begins with a failover: what was before it cannot have come of it. */
export function isWithin(time: number, failover: number): boolean {
  return time >= failover && time - failover <= REFLECTION_WINDOW;
}
