import type { FailoverRecord } from '../plan/failover-record.js';
import { age } from './table.js';

/** What people read of a failover: when it was, how fast, what was sent, how it ended. @param now Unix time, seconds */
export function lastFailoverLines(record: FailoverRecord, now: number): string[] {
  const { time, from, to } = record;
  const ago = age(Math.max(0, Math.round(now - time)));
  const when = `last failover: ${utc(time)}, ${ago} ago: ${from ?? 'no link'} -> ${to}${CAUSES[record.cause]}`;
  return [when, ...[...timing(record), sentWords(record), ending(record)].map((line) => `  ${line}`)];
}

/** Only a daemon that was watching knows from where. */
const CAUSES = {
  failover: '',
  missed: ', while no daemon ran; announced at its start',
  window: ', announced late: the bond had failed over too often',
} as const satisfies Record<FailoverRecord['cause'], string>;

function timing({ firstFrame, lastRarp, firstRoundOut }: FailoverRecord): string[] {
  if (firstFrame === null) return [];
  const parts = [`first frame after ${duration(firstFrame)}`];
  if (lastRarp !== null) parts.push(`last RARP of the first burst after ${duration(lastRarp)}`);
  if (firstRoundOut !== null) parts.push(`of the first round after ${duration(firstRoundOut)}`);
  return [parts.join(', ')];
}

function sentWords({ sent, refused }: FailoverRecord): string {
  const { rarp, garp, na } = sent;
  const words = rarp + garp + na === 0 ? 'sent: nothing' : `sent: ${rarp} RARP, ${garp} GARP, ${na} NA`;
  const codes = Object.entries(refused).map(([code, frames]) => `${frames} ${code}`);
  return codes.length === 0 ? words : `${words}; refused by the kernel: ${codes.join(', ')}`;
}

/** In the words of the metric where there is one. */
const ENDINGS: Readonly<Record<string, string>> = {
  completed: 'completed: all rounds are out',
  refused: 'refused in part: all rounds are over',
  empty: 'empty: nobody was there to be announced',
  superseded: 'superseded: the bond failed over again',
  'no-active-slave': 'no-active-slave: the bond lost its last link',
  'bond-gone': 'bond-gone: the bond was deleted',
  damped: 'damped: not announced, the bond fails over too often',
  stopped: 'stopped: the daemon ended',
};

function ending({ result, rounds, roundsPlanned, heldBack, seconds }: FailoverRecord): string {
  if (result === null) return `running: round ${rounds.at(-1)?.round ?? 1} of ${roundsPlanned}`;
  const words = ENDINGS[result] ?? result;
  if (heldBack !== null) return `${words}; it waits for ${age(Math.ceil(heldBack))}`;
  return `${words}, after ${duration(seconds ?? 0)}`;
}

/** In the unit in which it has up to four digits. */
export function duration(seconds: number): string {
  if (seconds < 0.01) return `${Math.round(seconds * 1e6)} µs`;
  return seconds < 1 ? `${Math.round(seconds * 1e3)} ms` : `${Math.round(seconds * 10) / 10} s`;
}

/** To the second, in UTC, as a log has it. */
function utc(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
