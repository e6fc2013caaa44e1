import type { Config } from '../config/config.js';
import { NetlinkRequestError } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { HOST_GROUPS } from '../kernel/requests.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import type { Clock } from '../sys/clock.js';
import { openRouteSocket, type RouteSocket } from '../sys/route-socket.js';
import { newHostState } from './new-host-state.js';

/** A kernel that does not answer within so many seconds will not answer. */
const TIME_LIMIT = 10;

/** The state of the kernel, which is followed until it is closed. */
export interface LiveHost {
  readonly host: HostState;
  /** Whether every change was seen until now. */
  intact(): boolean;
  close(): void;
}

/**
 * Reads the whole state of the kernel and follows it, for one command.
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
  host.takeStale();
  socket.onTrouble = () => (lost = true);
  return {
    host,
    intact: () => !lost && socket.drops() === 0,
    close: () => socket.close(),
  };
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
