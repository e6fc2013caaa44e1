import type { Config } from '../config/config.js';
import { NetlinkRequestError } from '../errors.js';
import { type HostState, newHostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { HOST_GROUPS } from '../kernel/requests.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import { chance, type Clock } from '../sys/clock.js';
import type { LogFields } from '../sys/log.js';
import { openRouteSocket } from '../sys/netlink/route-socket.js';
import { Events } from '../tasks/events.js';
import type { DaemonEvents } from '../wire/events.js';
import { OvsFollower, ovsSetting } from './ovs/follower.js';
import { ovsIn } from './ovs/connection.js';

/** A kernel that answers nothing for so many seconds will answer no more. */
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

/** Reads, and follows, the kernel and Open vSwitch. @throws NetlinkRequestError when the kernel does not answer */
export async function readHost(config: Config, clock: Clock): Promise<LiveHost> {
  const host = newHostState(config);
  const socket = await openAndDump(host, clock);
  const stop = new AbortController();
  const ovs = await readOvs(host, config, clock, stop.signal);
  host.takeStale();
  return {
    host,
    ...ovs,
    intact: () => socket.intact(),
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
  const events = new Events<DaemonEvents>();
  events.on('hostChanged', () => void host.takeStale());
  events.on('guestsChanged', () => void host.takeStale());
  const hostKnown = (): Promise<void> => Promise.resolve();
  const tools = {
    clock,
    chance,
    log,
    metrics,
    events,
    hostKnown,
    openOvs: ovsIn,
    signOfOvs: () => Promise.resolve(null),
  };
  const follower = new OvsFollower(host, tools, ovsSetting(config));
  void follower.run(signal);
  await follower.known();
  return { ovs: follower, ovsTrouble: trouble };
}

/** Reads the kernel's tables, and goes on following them. @throws NetlinkRequestError */
function openAndDump(host: HostState, clock: Clock): Promise<Pick<LiveHost, 'intact' | 'close'>> {
  return new Promise((resolve, reject) => {
    let lost = false;
    const give = (error: NetlinkRequestError): void => {
      lost = true;
      if (dumps.complete) return;
      cancel();
      socket.close();
      reject(error);
    };
    const socket = openRouteSocket(HOST_GROUPS, {
      trouble: (detail) => give(new NetlinkRequestError(`cannot read the kernel's state: ${detail}`)),
      datagram(bytes) {
        if (dumps.hear(bytes, clock.monotonic())) wait();
        for (const event of decodeDatagram(bytes)) {
          host.apply(event, clock.monotonic());
          dumps.take(event);
        }
        if (!dumps.complete) return;
        cancel();
        resolve({ intact: () => !lost && socket.drops() === 0, close: () => socket.close() });
      },
    });
    const dumps = new TableDumps(HOST_TABLES, (request) => socket.send(request));
    const silent = new NetlinkRequestError(`the kernel did not answer within ${TIME_LIMIT} s over netlink`);
    let cancel: () => void = () => undefined;
    const wait = (): void => {
      cancel();
      cancel = clock.after(TIME_LIMIT, () => give(silent));
    };
    wait();
    dumps.startIfDue(clock.monotonic());
  });
}
