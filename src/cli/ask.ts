import { CONTROL_SOCKET } from '../config/constants.js';
import { decodeAnswer, encodeRequest, MAX_ANSWER_BYTES } from '../control/codec.js';
import type { ControlRequest, ControlResults, KernelResults } from '../control/messages.js';
import type { Config } from '../config/config.js';
import type { ManualTools } from '../wire/announce-by-hand.js';
import { GroupTable } from '../groups/group-table.js';
import { groupReports } from '../host/group-reports.js';
import { answerRequest } from '../host/answers.js';
import { portOpener } from '../host/ovs/bonds.js';
import { type LiveHost, readHost } from '../host/read-host.js';
import { ControlMessageError, ControlSocketError, DaemonError, UsageError } from '../errors.js';
import { newBuckets } from '../plan/bond-plan.js';
import { systemClock } from '../sys/clock.js';
import { servedBonds } from '../topology/bonds.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import { readSendingSockets } from '../sys/packets/packet-sockets.js';
import { askUnix } from '../sys/unix/unix-client.js';
import { openUnixStream } from '../sys/unix/unix-stream.js';
import type { FoundConfig } from './config-file.js';

/** A daemon of which nothing is heard for so many seconds is stuck. */
const LIMITS = { answerBytes: MAX_ANSWER_BYTES, silentSeconds: 10 };

/** No daemon runs, or none that has a socket. */
export const NO_DAEMON: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/** The daemon may have begun what it was asked for: to do it here as well could send everything twice. */
const MAY_HAVE_ARRIVED = new Set(['ETIMEDOUT', 'ECONNRESET']);

/** What the daemon knows and the kernel does not. */
const ITS_OWN: Readonly<Record<keyof KernelResults, string>> = {
  guests: 'silent guests',
  announce: 'silent guests',
  status: 'the last failovers',
};

/**
 * Has a request answered by the daemon, which remembers who fell silent. Where none runs or it cannot be asked, the
 * kernel is read and the request carried out here, as the configuration says. The daemon has one of its own: a file that
 * was named is read before it is asked, so that a mistake in it shows in either case.
 * @param configFile in place of the usual one
 * @returns `note`: what people should know of where the answer comes from, null for nothing
 * @throws BondheraldError the daemon's or our own; ConfigError when the configuration that is needed is wrong
 */
export async function ask<Op extends keyof KernelResults>(
  request: ControlRequest & { op: Op },
  configFile?: string,
  socket: string = CONTROL_SOCKET,
): Promise<{ readonly result: KernelResults[Op]; readonly note: string | null }> {
  const named = configFile === undefined ? null : await load(configFile);
  try {
    return { result: await askDaemon<Op>(request, socket), note: null };
  } catch (error) {
    const unreachable = error instanceof ControlSocketError;
    if (!unreachable && !(error instanceof ControlMessageError)) throw error;
    if (unreachable && isAction(request) && MAY_HAVE_ARRIVED.has(error.errno)) throw error;
    const { config } = named ?? (await load());
    const { result, isAnnounced } = await answerHere<Op>(config, request);
    // One in a container, or without a folder for its socket, announces all the same.
    const none = unreachable && NO_DAEMON.has(error.errno) && !isAnnounced;
    const note = `cannot ask the daemon, so ${ITS_OWN[request.op]} are missing: ${error.message}`;
    return { result, note: none ? null : note };
  }
}

/** What reads the configuration takes its time to load, which is lost where the daemon answers. */
async function load(configFile?: string): Promise<FoundConfig> {
  const { loadConfig } = await import('./config-file.js');
  return loadConfig({ config: configFile });
}

/** Whether the request asks for more than to be told something. */
const isAction = (request: ControlRequest): boolean => request.op === 'announce' && !request.dryRun;

/** Reads the kernel and answers from what it says; `isAnnounced`: somebody holds a socket on a bond that only sends, as we do. */
async function answerHere<Op extends keyof KernelResults>(
  config: Config,
  request: ControlRequest & { op: Op },
): Promise<{ readonly result: KernelResults[Op]; readonly isAnnounced: boolean }> {
  const live = await readHost(config, systemClock);
  try {
    const manual = manualToolsHere(config, live);
    const { host } = live;
    const now = systemClock.monotonic();
    const bonds = new Set(servedBonds(host.topology).map(({ ifindex }) => ifindex));
    const sockets = await readSendingSockets(bonds);
    const result = await answerRequest<Op>({ host, now, clock: systemClock, manual, daemon: null }, request);
    return { result, isAnnounced: sockets !== null && sockets.length > 0 };
  } finally {
    live.close();
  }
}

function manualToolsHere({ announce: settings }: Config, live: LiveHost): ManualTools {
  const { host } = live;
  const slaveOf = (bond: number): number | undefined =>
    servedBonds(host.topology).find(({ ifindex }) => ifindex === bond)?.activeSlave?.ifindex;
  return {
    settings,
    clock: systemClock,
    openPort: portOpener(live.ovs.bonds, {
      clock: systemClock,
      openPacketSender,
      openUnixStream,
      sending: () => undefined,
    }),
    bucketsOf: () => newBuckets(settings.rate),
    watchOver(bond) {
      const slave = slaveOf(bond);
      return () => live.intact() && slaveOf(bond) === slave;
    },
    reportsOf: groupReports(host, new GroupTable(1)),
    refresh: () => void host.takeStale(),
  };
}

/**
 * Has a request answered by the daemon, or not at all.
 * @throws ControlSocketError, ControlMessageError when it cannot be asked; else its own error as UsageError or DaemonError
 */
export async function askDaemon<Op extends keyof ControlResults>(
  request: ControlRequest & { op: Op },
  socket: string,
): Promise<ControlResults[Op]> {
  const answer = decodeAnswer<Op>(request.op, await askUnix(socket, encodeRequest(request), LIMITS));
  if ('result' in answer) return answer.result;
  const { code, exitCode, message } = answer.error;
  if (code === 'CONTROL_MESSAGE') throw new ControlMessageError(message); // it did not understand us
  throw exitCode === 2 ? new UsageError(message) : new DaemonError(code, message);
}
