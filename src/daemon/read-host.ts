import type { Config } from '../config/config.js';
import { NetlinkRequestError } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import type { Clock } from '../sys/clock.js';
import { openRouteSocket } from '../sys/route-socket.js';
import { newHostState } from './new-host-state.js';

/** A kernel that does not answer within so many seconds will not answer. */
const TIME_LIMIT = 10;

/**
 * Reads the whole state of the kernel once, as it stands now.
 * @throws NetlinkRequestError when the kernel does not answer
 */
export async function readHost(config: Config, clock: Clock): Promise<HostState> {
  const host = newHostState(config);
  const socket = openRouteSocket([]);
  try {
    await new Promise<void>((resolve, reject) => {
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
  } finally {
    socket.close();
  }
  host.takeStale();
  return host;
}
