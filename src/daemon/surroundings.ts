import { CONTROL_SOCKET } from '../config/constants.js';
import { chance, systemClock } from '../sys/clock.js';
import type { LoadedConfig } from '../config/read-config.js';
import type { Metrics } from '../metrics/metrics.js';
import { readBootId, sharedFileAt, stateFileIn } from '../sys/files/replaced-files.js';
import { openFolder } from '../sys/files/watch-folder.js';
import type { Log } from '../sys/log.js';
import { openRouteSocket } from '../sys/netlink/route-socket.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import type { Hangups } from '../sys/process/hangups.js';
import { openServiceManager } from '../sys/process/sd-notify.js';
import type { ThreadsAhead } from '../sys/process/thread.js';
import { openUnixStream } from '../sys/unix/unix-stream.js';
import type { DaemonEmitter } from '../wire/events.js';

/** Who asks for the configuration to be read again, and how that is done. */
export interface Reloads {
  readonly hangups: Hangups;
  /** @returns null when the daemon is to end @throws ConfigError, UsageError */
  readonly read: (signal: AbortSignal) => Promise<LoadedConfig | null>;
}

/** What the daemon does not make itself: the host that it runs on, as far as it touches it. */
export type Surroundings = Readonly<ReturnType<typeof thisHost>>;

/** This host. @param threads those that have begun already */
export function thisHost(log: Log, reloads: Reloads, threads: ThreadsAhead) {
  return {
    ...{ log, reloads, chance, openRouteSocket, openPacketSender, openUnixStream, openServiceManager },
    ...{ openFolder, sharedFileAt, stateFileIn, readBootId },
    startThread: threads.start,
    /** Once all that are wanted run. */
    endOtherThreads: () => threads.endOthers(),
    clock: systemClock,
    controlSocket: CONTROL_SOCKET as string,
  };
}

/** What the parts of the daemon work with. */
export interface Tools extends Pick<Surroundings, 'clock' | 'log' | 'chance'> {
  readonly metrics: Metrics;
  readonly events: DaemonEmitter;
}
