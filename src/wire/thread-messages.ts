import type { BurstOutcome } from './burst.js';

/** From the daemon to the failover thread. */
export type ToFailoverThread =
  /** Announce this bond from now on, with the frames in `memory`. */
  | { readonly type: 'watch'; readonly bond: number; readonly memory: SharedArrayBuffer; readonly capacity: number }
  | { readonly type: 'forget'; readonly bond: number }
  | { readonly type: 'stop' };

/** A failover, and what became of its first round. */
export interface FirstRound extends BurstOutcome {
  readonly bond: number;
  /** The slave that took over. */
  readonly slave: number;
  /** When the kernel's message arrived: monotonic clock, seconds. */
  readonly arrived: number;
  /** From there to the system call that takes the first frame, and to the end of the one that took the last: seconds. */
  readonly firstFrame: number;
  readonly lastFrame: number;
}

/** From the failover thread to the daemon. */
export type FromFailoverThread =
  /** It knows where all bonds stand: from here on it misses no failover. */
  | { readonly type: 'ready' }
  | ({ readonly type: 'failover' } & FirstRound)
  /** The bond is watched; or it cannot be, for the reason given. */
  | { readonly type: 'watching'; readonly bond: number; readonly error: string | null }
  /** Messages were lost; the thread has asked the kernel for the whole state again. */
  | { readonly type: 'resync'; readonly reason: 'overrun' | 'truncated' | 'malformed' };
