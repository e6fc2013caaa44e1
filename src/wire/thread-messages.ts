import type { BondId } from '../topology/bond-id.js';
import type { AnnounceConfig, Rate } from '../config/config.js';
import type { Portion } from './batch-writer.js';
import type { BurstOutcome } from './burst.js';

/** Why a bond is announced without a message of the kernel. */
export type OrderCause =
  /** It has failed over while we were not running. */
  | 'missed'
  /** It has failed over too often, and has been quiet for long enough. */
  | 'window'
  /** Nobody was there to be announced when it failed over, and now somebody is. */
  | 'late';

/** How the failover thread announces a bond. */
export interface FirstRoundSettings {
  /** The rate of RARP frames; null: none are sent. */
  readonly rate: Rate | null;
  readonly damping: AnnounceConfig['damping'];
}

/** From the daemon to the failover thread. `watch`, `forget` and `configure` are answered. */
export type ToFailoverThread =
  /** Announce this bond from now on, with the frames in `memory`. */
  | ({
      readonly type: 'watch';
      readonly bond: BondId;
      readonly memory: SharedArrayBuffer;
      readonly capacity: number;
    } & FirstRoundSettings)
  /** Send the first round now, as if the bond had failed over to `slave`. */
  | { readonly type: 'announce'; readonly bond: BondId; readonly slave: number; readonly cause: OrderCause }
  | { readonly type: 'forget'; readonly bond: BondId }
  /** Announce all bonds in this way from now on. */
  | ({ readonly type: 'configure' } & FirstRoundSettings)
  /** Change the active slave of these bonds at the loss of carrier, and of no others. Answered. */
  | { readonly type: 'switch'; readonly bonds: readonly BondId[] }
  /** Ask the kernel for an answer over the thread's socket, and say when it has come. */
  | { readonly type: 'echo' };

/** Why nothing can be sent on a bond any more. */
export type LossReason = 'no-active-slave' | 'bond-gone';

/** What the failover thread did about a failover. */
export interface RoundOutcome extends BurstOutcome {
  /** Whose turn it was; null: the bond is not watched yet, or failed over too often. */
  readonly portion: Portion | null;
  /** Which run of the bond begins: see EPOCH in batch-memory.ts. */
  readonly epoch: number;
  /** The bond failed over too often: when it may be announced, on the monotonic clock in seconds; else null. */
  readonly damped: number | null;
  /** From the kernel's message to the system call that takes the first frame, and to the end of the last one: seconds. */
  readonly firstFrame: number;
  readonly lastFrame: number;
}

/** Nothing was sent: the bond is not watched, or not yet. */
export const NO_ROUND: RoundOutcome = {
  ...{ sent: 0, errors: {}, portion: null, epoch: 0, damped: null },
  ...{ firstFrame: 0, lastFrame: 0 },
};

/** A failover, and what became of its first round. */
export interface FirstRound extends RoundOutcome {
  readonly bond: BondId;
  /** The slave that took over. */
  readonly slave: number;
  readonly cause: 'failover' | OrderCause;
  /** When the kernel's message arrived, or the order: monotonic clock, seconds. */
  readonly arrived: number;
  /**
   * From the kernel's message about the loss of carrier to that about the slave that we have made active, in seconds; null
   * or absent: that was not our doing.
   */
  readonly switchedIn?: number | null;
  /** For a bond that Open vSwitch keeps: the keys of the frames that it sends itself. */
  readonly doneByOvs?: ReadonlySet<string>;
}

/** Whether a first round was of a failover that nobody has been told of yet. */
export function isFailover(cause: FirstRound['cause']): boolean {
  return cause === 'failover' || cause === 'missed';
}

/** From the failover thread to the daemon. */
export type FromFailoverThread =
  /** It knows where all bonds stand: from here on it misses no failover. */
  | {
      readonly type: 'ready';
      /** Why others may run before it: a symbolic errno; null: they may not. */
      readonly delayable: string | null;
      /** Its link socket's, by which it can be woken. */
      readonly descriptor: number;
    }
  | ({ readonly type: 'failover' } & FirstRound)
  /** Frames cannot leave by the bond any more, for now or for ever. */
  | { readonly type: 'lost'; readonly bond: BondId; readonly reason: LossReason }
  /** Whether the active slave of a bond is changed at the loss of carrier; else why it is left to the kernel, in one line. */
  | { readonly type: 'carrierLoss'; readonly bond: BondId; readonly left: string | null }
  /** The kernel did not make this slave the active one at the loss of carrier. @param errno symbolic */
  | { readonly type: 'switchRefused'; readonly bond: BondId; readonly slave: number; readonly errno: string }
  /** The bond cannot be announced, for the reason given in one line. */
  | { readonly type: 'unwatched'; readonly bond: BondId; readonly error: string }
  /** The kernel answers over the thread's socket. */
  | { readonly type: 'echo' }
  /** Messages were lost; the thread has asked the kernel for the whole state again. */
  | { readonly type: 'resync'; readonly reason: 'overrun' | 'truncated' | 'malformed' };
