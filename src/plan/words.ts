import type { FailoverRecord, RunResult } from './failover-record.js';

/** How a failover came to be announced as it was; empty for one that was seen as it happened. */
export const CAUSE_WORDS = {
  failover: '',
  missed: ', while no daemon was running or as it ended; announced at the start',
  window: ', announced late because the bond failed over too often',
  late: ', announced when its guests were back in their bridge',
} as const satisfies Record<FailoverRecord['cause'], string>;

/** How announcements end, in the word of the metric and what that means. */
const RESULT_WORDS: Readonly<Record<RunResult, string>> = {
  completed: 'completed: all rounds were sent',
  refused: 'refused: all rounds were sent, but the kernel refused some frames',
  empty: 'empty: there were no guests to announce',
  superseded: 'superseded: the bond failed over again',
  'no-active-slave': 'no-active-slave: the bond lost its last link',
  'bond-gone': 'bond-gone: the bond was deleted',
  damped: 'damped: not announced, the bond fails over too often',
  stopped: 'stopped: the daemon ended',
};

/** How an announcement ended, or how far it is. */
export function endingWords({ result, rounds, roundsPlanned, heldBack, seconds }: FailoverRecord): string {
  if (result === null) return `running: round ${rounds.at(-1)?.round ?? 1} of ${roundsPlanned}`;
  const words = RESULT_WORDS[result as RunResult] ?? result;
  if (heldBack !== null) return `${words}; waiting ${age(Math.ceil(heldBack))}`;
  return `${words}, after ${duration(seconds ?? 0)}`;
}

/** How a bond watches its links, with intervals in milliseconds, 0 for not at all; null: nobody knows. */
export function monitoringWords(by: { readonly miimon: number; readonly arpInterval: number } | null): string[] {
  if (by === null) return [];
  const { miimon, arpInterval } = by;
  if (miimon === 0 && arpInterval === 0) return ['links not monitored'];
  return [
    ...(miimon > 0 ? [`miimon ${miimon} ms`] : []),
    ...(arpInterval > 0 ? [`arp_interval ${arpInterval} ms`] : []),
  ];
}

/** Seconds in the unit in which they have up to four digits. */
export function duration(seconds: number): string {
  if (seconds < 0.01) return `${Math.round(seconds * 1e6)} µs`;
  return seconds < 1 ? `${Math.round(seconds * 1e3)} ms` : `${Math.round(seconds * 10) / 10} s`;
}

/** Whole seconds in the two largest units that they fill: 59s, 1m30s, 23h59m. */
export function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
