import type { AnnounceConfig } from '../config/config.js';

/** A round of an announcement. */
export interface Round {
  /** When it begins: monotonic clock, seconds. */
  readonly at: number;
  readonly first: boolean;
  /** Whether Neighbor Advertisements belong to it: RFC 4861 section 7.2.6 allows three. */
  readonly withNa: boolean;
  /** Whether reports of groups belong to it: two, as hosts send them (the robustness variable, RFC 3376 section 8.1). */
  readonly withReports: boolean;
}

/** Where the second Neighbor Advertisement belongs: late enough for a switch that was busy, early enough to help. */
const SECOND_NA_SECONDS = 3;

/** Reports of groups belong to so many rounds, from the first. */
const REPORTS = 2;

/**
 * How long a run lasts at least while guests wait for a bridge's port to forward: twice the forward delay of spanning tree
 * (802.1D-2004 17.14), and the second in which the port is told of. Without spanning tree it takes a moment of its own.
 */
export const PORT_DELAY_SECONDS = 31;

/**
 * The rounds of a run. Each later one is delayed by up to `jitter` of its offset, never hastened.
 * @param start when the failover was: monotonic clock, seconds
 * @param chance gives numbers from 0 to 1
 */
export function planRounds(
  { schedule, jitter }: Pick<AnnounceConfig, 'schedule' | 'jitter'>,
  start: number,
  chance: () => number,
): Round[] {
  const distance = (offset: number): number => Math.abs(offset - SECOND_NA_SECONDS);
  const nearest = Math.min(...schedule.map(distance));
  const middle = schedule.findIndex((offset) => distance(offset) === nearest);
  const withNa = new Set([0, middle, schedule.length - 1]);
  return schedule
    .map((offset, n) => ({
      at: start + offset * (1 + jitter * chance()),
      first: n === 0,
      withNa: withNa.has(n),
      withReports: n < REPORTS,
    }))
    .sort((a, b) => a.at - b.at);
}
