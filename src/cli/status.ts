import { CONTROL_SOCKET, START_DAEMON } from '../config/constants.js';
import { allFrames } from '../config/config.js';
import type { BondStatus, StatusReport } from '../control/status.js';
import { ControlSocketError, UsageError } from '../errors.js';
import type { FailoverRecord } from '../plan/failover-record.js';
import { age, CAUSE_WORDS, duration, endingWords, monitoringWords } from '../plan/words.js';
import { linkWords } from '../standby/report.js';
import { systemClock } from '../sys/clock.js';
import { askDaemon, NO_DAEMON } from './ask.js';
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
 *               lastFailovers: [{time, cause, from, to, firstFrame, lastRarp, firstRoundOut, sent: {rarp, garp, na, mcast},
 *                                refused: {ERRNO: n}, rounds: [{round, start, end, sent}], roundsPlanned, heldBack,
 *                                result, seconds}]}]}
 *
 * `started` and `time` are Unix times, intervals of monitoring milliseconds, all else seconds from `time`. With `--html`
 * the status page.
 * @returns the exit code
 * @throws BondheraldError when neither the daemon nor the kernel answers
 */
export function status(
  args: LookArguments & { readonly html: boolean },
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  if (args.html) return statusHtml(args, output);
  const page = (report: StatusReport, asked: boolean): string[] => statusPage(report, systemClock.unix(), asked);
  return look({ op: 'status' }, args, { page, quiet: true }, output, signal);
}

const NO_DAEMON_RUNS = `no daemon is running: guests will not be announced at a failover; to start it: ${START_DAEMON}`;

/**
 * The lines that people read: one about the daemon, and a block for each bond.
 * @param now Unix time, seconds
 * @param asked whether a daemon answered, or none runs
 */
export function statusPage({ daemon, bonds }: StatusReport, now: number, asked = true): string[] {
  const none = asked ? NO_DAEMON_RUNS : 'read from the kernel';
  const head = daemon ? `bondherald ${daemon.version}, running for ${age(since(daemon.started, now))}` : none;
  if (bonds.length === 0) return [printable(head), '', 'this host has no active-backup bond'];
  return [printable(head), ...bonds.flatMap((bond) => ['', ...bondLines(bond, now)])];
}

function bondLines(status: BondStatus, now: number): string[] {
  const { bond, mode, monitoring, activeSlave, listening, failovers, lastFailovers } = status;
  const modes = [...(mode === null ? [] : [mode]), ...monitoringWords(monitoring)];
  const title = [...modes, activeSlave === null ? 'no active link' : `active link ${activeSlave}`];
  const [last] = lastFailovers;
  const details = [
    ...slaveTable(status),
    `guests: ${guestWords(status)}`,
    ...standbyLines(status),
    ...(listening && listening.how !== 'mirror' && listening.reason !== null
      ? [`listening: ${HEARING_WORDS[listening.how]}: ${listening.reason}`]
      : []),
    ...(failovers === null ? [] : [`failovers: ${failovers === 0 ? 'none' : failovers} since the start`]),
    ...(last ? lastFailoverLines(last, now) : []),
  ];
  return [printable(`${bond}: ${title.join(', ')}`), ...details.map((line) => `  ${printable(line)}`)];
}

/** Ways of hearing that are worth a line. */
const HEARING_WORDS = { socket: 'by a packet socket', deaf: 'not at all' } as const;

function slaveTable({ slaves }: BondStatus): string[] {
  if (slaves.length === 0) return ['no links'];
  const carrierWord = (up: boolean, carrier: boolean): string => (up ? (carrier ? 'yes' : 'no') : 'no: down');
  return table([
    ['LINK', 'CARRIER', 'STATE'],
    ...slaves.map(({ slave, up, carrier, state }) => [slave, carrierWord(up, carrier), state]),
  ]);
}

/** A line for each link that is not active and of which there is something to say. */
function standbyLines({ standby }: BondStatus): string[] {
  const links = (standby ?? []).filter(({ deaf, vlans }) => deaf === null && vlans.length > 0);
  return links.map((link) => `standby link ${link.link}: ${linkWords(link)}`);
}

function guestWords({ guests: { announced, suppressed } }: BondStatus): string {
  const reasons = Object.entries(suppressed).sort(([one], [other]) => (one < other ? -1 : 1));
  const left = reasons.reduce((sum, [, guests]) => sum + guests, 0);
  if (left === 0) return `${announced} announced`;
  return `${announced} announced, ${left} not: ${reasons.map(([reason, guests]) => `${guests} ${reason}`).join(', ')}`;
}

const since = (time: number, now: number): number => Math.max(0, Math.round(now - time));

/** What people read of a failover: when it was, how fast, what was sent, how it ended. @param now Unix time, seconds */
export function lastFailoverLines(record: FailoverRecord, now: number): string[] {
  // Only a daemon that was watching knows from where.
  const { time, from, to } = record;
  const when = `last failover: ${utc(time)}, ${age(since(time, now))} ago: ${from ?? 'no link'} -> ${to}${CAUSE_WORDS[record.cause]}`;
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
  const { rarp, garp, na, mcast } = sent;
  const kinds = `${rarp} RARP, ${garp} GARP, ${na} NA, ${mcast} IGMP or MLD`;
  const words = allFrames(sent) === 0 ? 'sent: nothing' : `sent: ${kinds}`;
  const codes = Object.entries(refused).map(([code, frames]) => `${frames} ${code}`);
  return codes.length === 0 ? words : `${words}; refused by the kernel: ${codes.join(', ')}`;
}

/** To the second, in UTC, as a log has it. */
function utc(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/**
 * Writes the status page as a file would have it to stdout.
 * @returns the exit code
 * @throws UsageError with --json or --watch; ConfigError when a file that is named is wrong; ControlSocketError when no
 * daemon can be asked: it alone has the page
 */
export async function statusHtml(
  { config, json, watch }: LookArguments,
  output: Output,
  socket: string = CONTROL_SOCKET,
): Promise<number> {
  if (json || watch) throw new UsageError(`--html: not together with --${json ? 'json' : 'watch'}`);
  // The daemon has a configuration of its own; a mistake in a file that is named shows all the same.
  if (config !== undefined) await (await import('./config-file.js')).loadConfig({ config });
  const { html } = await askDaemon({ op: 'page' }, socket).catch((error: unknown) => {
    if (!(error instanceof ControlSocketError)) throw error;
    const why = NO_DAEMON.has(error.errno) ? `no daemon is running; to start it: ${START_DAEMON}` : error.message;
    throw new ControlSocketError(error.errno, `--html: the daemon makes the page, and cannot be asked: ${why}`);
  });
  output.text(html);
  return 0;
}
