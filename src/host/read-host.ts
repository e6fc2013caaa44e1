import type { Config } from '../config/config.js';
import { NetlinkRequestError } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { HOST_GROUPS } from '../kernel/requests.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import { chance } from '../sys/chance.js';
import type { Clock } from '../sys/clock.js';
import type { LogFields } from '../sys/log.js';
import { openRouteSocket, type RouteSocket } from '../sys/netlink/route-socket.js';
import { newHostState } from '../guests/new-host-state.js';
import { OvsFollower } from './ovs/follower.js';

/** A kernel that does not answer within so many seconds will not answer. */
const TIME_LIMIT = 10;

/** The state of the host, which is followed until it is closed. */
export interface LiveHost {
  readonly host: HostState;
  readonly ovs: Pick<OvsFollower, 'bonds' | 'knowledge' | 'tableSizes'>;
  /** What was wrong with Open vSwitch, in one line; null: nothing. */
  readonly ovsTrouble: string | null;
  /** Whether every change was seen until now. */
  intact(): boolean;
  close(): void;
}

/**
 * Reads the whole state of the kernel, and of Open vSwitch if there is one, and follows it, for one command.
 * @throws NetlinkRequestError when the kernel does not answer
 */
export async function readHost(config: Config, clock: Clock): Promise<LiveHost> {
  const host = newHostState(config);
  const socket = openRouteSocket(HOST_GROUPS);
  let lost = false;
  try {
    await dump(host, socket, clock);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.onTrouble = () => (lost = true);
  const stop = new AbortController();
  const ovs = await readOvs(host, config, clock, stop.signal);
  host.takeStale();
  return {
    host,
    ...ovs,
    intact: () => !lost && socket.drops() === 0,
    close() {
      stop.abort();
      socket.close();
    },
  };
}

/** Reads what Open vSwitch knows into the state of the host. */
async function readOvs(
  host: HostState,
  config: Config,
  clock: Clock,
  signal: AbortSignal,
): Promise<Pick<LiveHost, 'ovs' | 'ovsTrouble'>> {
  let trouble: string | null = null;
  const warn = (message: string, { reason }: LogFields = {}): void => {
    trouble ??= reason === undefined ? message : `${message}: ${String(reason)}`;
  };
  const log = { info: () => undefined, warn, error: warn };
  const metrics = { count: () => undefined };
  const changed = (): void => void host.takeStale();
  const told = {
    hostKnown: () => Promise.resolve(),
    refresh: changed,
    judge: changed,
    listening: () => Promise.resolve(),
  };
  const follower = new OvsFollower(host, { clock, chance, log, metrics }, config.guests.sources.ovs, told);
  void follower.run(signal);
  await follower.known();
  return { ovs: follower, ovsTrouble: trouble };
}

function dump(host: HostState, socket: RouteSocket, clock: Clock): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const dumps = new TableDumps(HOST_TABLES, (request) => socket.send(request));
    const cancel = clock.after(TIME_LIMIT, () => {
      reject(new NetlinkRequestError(`the kernel did not answer within ${TIME_LIMIT} s over netlink`));
    });
    socket.onTrouble = (detail) => reject(new NetlinkRequestError(`reading the kernel's state: ${detail}`));
    socket.onDatagram = (bytes) => {
      for (const event of decodeDatagram(bytes)) {
        host.apply(event, clock.monotonic());
        dumps.take(event);
      }
      if (!dumps.complete) return;
      cancel();
      resolve();
    };
    dumps.startIfDue(clock.monotonic());
  });
}
