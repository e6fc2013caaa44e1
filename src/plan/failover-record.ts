import type { FrameCounts } from '../config/config.js';

/** How an announcement can end: the values of a label of metrics. */
export const RUN_RESULTS = [
  /** All rounds are out. */
  'completed',
  /** All rounds are out, but the kernel refused frames. */
  'refused',
  /** All rounds are over, and nobody was there to be announced. */
  'empty',
  /** The bond failed over again. */
  'superseded',
  'no-active-slave',
  'bond-gone',
  /** Not begun: the bond fails over too often. */
  'damped',
  /** The daemon ended. */
  'stopped',
] as const;

export type RunResult = (typeof RUN_RESULTS)[number];

/** One round of an announcement as it went out: from its beginning to that of the next. */
export interface RoundRecord {
  /** 1 for the first round. */
  readonly round: number;
  /** When its first frame was sent, and its last: seconds from the failover. */
  readonly start: number;
  readonly end: number;
  /** Frames that the kernel took. */
  readonly sent: FrameCounts;
}

/** A failover, and what was sent because of it. Of times all but `time` are in seconds from it. */
export interface FailoverRecord {
  /** When it was: seconds since 1970-01-01 00:00 UTC. */
  readonly time: number;
  /**
   * - `failover`: the kernel's message of a new active slave;
   * - `missed`: it came while nobody was watching, or the daemon ended before all was announced. The times are those of the announcement, made up for at the start;
   * - `window`: it was held back because the bond failed over too often. The times are those of the late announcement;
   * - `late`: nobody was there to be announced at the failover before, for example because the bond, or its guests, were out
   *   of their bridge. The times are those of the announcement that was made when they were back.
   */
  readonly cause: 'failover' | 'missed' | 'window' | 'late';
  /** The slave that carried the traffic before; null for none, or where nobody knows. */
  readonly from: string | null;
  readonly to: string;
  /** When the first frame went out; null where none has. */
  readonly firstFrame: number | null;
  /** When the last RARP frame of the first burst was out; null where there was no burst. */
  readonly lastRarp: number | null;
  /** When the rate had let the last RARP frame of the first round go; null where it held none up, or holds them still. */
  readonly firstRoundOut: number | null;
  /** Frames that the kernel took. */
  readonly sent: FrameCounts;
  /** Frames that it refused, by the symbolic errno. */
  readonly refused: Readonly<Record<string, number>>;
  /** In their order, those that had a frame; at most as many as are planned. */
  readonly rounds: readonly RoundRecord[];
  /** How many rounds there are when nothing comes in between. */
  readonly roundsPlanned: number;
  /** How long it is held back (`damped`); null where it is not. */
  readonly heldBack: number | null;
  /** How it ended: a RunResult, or what a newer daemon has; null while it lasts. */
  readonly result: string | null;
  /** How long it took; null while it lasts. */
  readonly seconds: number | null;
}
