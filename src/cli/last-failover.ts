import type { FailoverRecord } from '../plan/failover-record.js';
import { age, CAUSE_WORDS, duration, endingWords } from '../plan/words.js';

/** What people read of a failover: when it was, how fast, what was sent, how it ended. @param now Unix time, seconds */
export function lastFailoverLines(record: FailoverRecord, now: number): string[] {
  // Only a daemon that was watching knows from where.
  const { time, from, to } = record;
  const ago = age(Math.max(0, Math.round(now - time)));
  const when = `last failover: ${utc(time)}, ${ago} ago: ${from ?? 'no link'} -> ${to}${CAUSE_WORDS[record.cause]}`;
  return [when, ...[...timing(record), sentWords(record), endingWords(record)].map((line) => `  ${line}`)];
}

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

/** To the second, in UTC, as a log has it. */
function utc(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
