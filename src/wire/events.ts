import type { BondId } from '../topology/bond-id.js';
import type { FrameKind } from '../config/config.js';
import type { Emitter } from '../tasks/events.js';
import type { Bond } from '../topology/bonds.js';
import type { Question } from '../plan/turns.js';
import type { RunReport } from './bond-run.js';
import type { FirstRound, LossReason, OrderCause } from './thread-messages.js';

/**
 * Everything that one part of the daemon reports to others, and what each subscriber is given. Times are seconds on the
 * monotonic clock. Who subscribes, and in which order, stands in daemon/connect.ts.
 */
export interface DaemonEvents {
  /** The kernel's tables or Open vSwitch's configuration have changed: bonds, exits and guests may be others. */
  hostChanged: [];
  /** Guests may be others, bonds are not. */
  guestsChanged: [];
  /** The active-backup bonds as they stand, after each change of the host. */
  bonds: [bonds: readonly Bond[]];
  /** A guest of a bond is announced from now on. @param key of its frame */
  announceable: [bond: BondId, key: string];
  /** ARP frames have left by a bond that are not ours. */
  arpLeft: [bond: BondId, frames: number, at: number];
  /** Stations beyond a bond ask for addresses. */
  asked: [bond: BondId, questions: readonly Question[]];

  /** A bond is to be announced now, without a message of the kernel, as if it had failed over to `slave`. */
  due: [bond: BondId, slave: number, cause: OrderCause];
  /** A bond has failed over, and its first burst is out. */
  failover: [round: FirstRound];
  /** Nothing can leave by a bond any more. */
  lost: [bond: BondId, reason: LossReason];

  /** Whether the active slave of a bond is changed at the loss of carrier: null; else why it is left to the kernel. */
  carrierLoss: [bond: BondId, left: string | null];
  /** The kernel did not make `slave` the active one at the loss of carrier. @param errno symbolic */
  switchRefused: [bond: BondId, slave: number, errno: string];

  /** What follows the first burst begins. */
  began: [bond: BondId];
  /** The kernel took frames. @param round the latest that has begun; 1 for the first */
  sent: [bond: BondId, kind: FrameKind, frames: number, round: number];
  /** The first RARP of a first round that Open vSwitch began is out, so many seconds after its database reported it. */
  firstFrameOut: [bond: BondId, seconds: number];
  /** The last RARP of a first round that the rate held up is out, so many seconds after the kernel's message. */
  firstRoundOut: [bond: BondId, seconds: number];
  /** The kernel refused frames. @param code the symbolic errno */
  refused: [bond: BondId, kind: FrameKind, code: string, frames: number];
  /** Silent guests were announced without a failover: the kernel took frames, or refused them. */
  refreshed: [bond: BondId, kind: FrameKind, frames: number];
  notRefreshed: [bond: BondId, kind: FrameKind, code: string, frames: number];
  /** The next round of an announcement is at `at`; null: there is none. */
  nextRound: [bond: BondId, at: number | null];
  ended: [bond: BondId, report: RunReport];

  /** The failover thread lost link messages, and reads all links again. */
  resync: [reason: 'overrun' | 'truncated' | 'malformed'];
  /** Other processes may hold a failover up: the failover thread has no priority. @param errno symbolic */
  delayable: [errno: string];
  /** Frames are kept in memory that may be swapped out. @param errno symbolic */
  unlocked: [errno: string];
  /** The failover thread cannot announce a bond. @param error one line */
  unwatched: [bond: BondId, error: string];
}

/** Where the parts of the daemon say what has happened. */
export type DaemonEmitter = Emitter<DaemonEvents>;
