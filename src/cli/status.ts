import type { BondStatus, StatusReport } from '../control/status.js';
import { age, monitoringWords } from '../plan/words.js';
import { systemClock } from '../sys/clock.js';
import { lastFailoverLines } from './last-failover.js';
import { look, type LookArguments } from './look.js';
import type { Output } from './output.js';
import { printable, table } from './table.js';

/**
 * Shows how the daemon and the bonds stand and what the last failovers were; with `--watch` again and again until
 * `signal` aborts. With `--json` a document with the keys of StatusReport (control/status.ts):
 *
 *     {daemon: null | {version, started},
 *      bonds: [{bond, mode, monitoring: null | {miimon, arpInterval}, activeSlave,
 *               slaves: [{slave, up, carrier, state}], guests: {announced, suppressed: {REASON: n}}, failovers,
 *               lastFailovers: [{time, cause, from, to, firstFrame, lastRarp, firstRoundOut, sent: {rarp, garp, na},
 *                                refused: {ERRNO: n}, rounds: [{round, start, end, sent}], roundsPlanned, heldBack,
 *                                result, seconds}]}]}
 *
 * `started` and `time` are Unix times, intervals of monitoring milliseconds, all else seconds from `time`.
 * @returns the exit code
 * @throws BondheraldError when neither the daemon nor the kernel answers
 */
export function status(args: LookArguments, output: Output, signal: AbortSignal): Promise<number> {
  const page = (report: StatusReport, asked: boolean): string[] => statusPage(report, systemClock.unix(), asked);
  return look({ op: 'status' }, args, { page, quiet: true }, output, signal);
}

/**
 * The lines that people read: one about the daemon, and a block for each bond.
 * @param now Unix time, seconds
 * @param asked whether a daemon answered, or none runs
 */
export function statusPage({ daemon, bonds }: StatusReport, now: number, asked = true): string[] {
  const none = asked ? 'no daemon is running: guests will not be announced at a failover' : 'read from the kernel';
  const head = daemon ? `bondherald ${daemon.version}, running for ${age(since(daemon.started, now))}` : none;
  if (bonds.length === 0) return [printable(head), '', 'this host has no active-backup bond'];
  return [printable(head), ...bonds.flatMap((bond) => ['', ...bondLines(bond, now)])];
}

function bondLines(status: BondStatus, now: number): string[] {
  const { bond, activeSlave, failovers, lastFailovers } = status;
  const title = [bond, ...modeWords(status), activeSlave === null ? 'no active link' : `active link ${activeSlave}`];
  const [last] = lastFailovers;
  const details = [
    ...slaveTable(status),
    `guests: ${guestWords(status)}`,
    ...(failovers === null ? [] : [`failovers: ${failovers === 0 ? 'none' : failovers} since the start`]),
    ...(last ? lastFailoverLines(last, now) : []),
  ];
  return [printable(`${title[0]}: ${title.slice(1).join(', ')}`), ...details.map((line) => `  ${printable(line)}`)];
}

function modeWords({ mode, monitoring }: BondStatus): string[] {
  return [...(mode === null ? [] : [mode]), ...monitoringWords(monitoring)];
}

function slaveTable({ slaves }: BondStatus): string[] {
  if (slaves.length === 0) return ['no links'];
  const carrierWord = (up: boolean, carrier: boolean): string => (up ? (carrier ? 'yes' : 'no') : 'no: down');
  return table([
    ['LINK', 'CARRIER', 'STATE'],
    ...slaves.map(({ slave, up, carrier, state }) => [slave, carrierWord(up, carrier), state]),
  ]);
}

function guestWords({ guests: { announced, suppressed } }: BondStatus): string {
  const reasons = Object.entries(suppressed).sort(([one], [other]) => (one < other ? -1 : 1));
  const left = reasons.reduce((sum, [, guests]) => sum + guests, 0);
  if (left === 0) return `${announced} announced`;
  return `${announced} announced, ${left} not: ${reasons.map(([reason, guests]) => `${guests} ${reason}`).join(', ')}`;
}

const since = (time: number, now: number): number => Math.max(0, Math.round(now - time));
