import { CONTROL_SOCKET } from '../config/constants.js';
import { chance, type Clock, systemClock } from '../sys/clock.js';
import { readBootId, sharedFileAt, stateFileIn } from '../sys/files/replaced-files.js';
import { openFolder } from '../sys/files/watch-folder.js';
import type { Log } from '../sys/log.js';
import { openRouteSocket } from '../sys/netlink/route-socket.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import { openServiceManager } from '../sys/process/sd-notify.js';
import { startThread } from '../sys/process/thread.js';
import { openUnixStream } from '../sys/unix/unix-stream.js';
import type { Reloads } from './reloader.js';

/** What the daemon does not make itself: the host that it runs on, as far as it touches it. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** Numbers from 0 to 1. */
  readonly chance: () => number;
  readonly reloads: Reloads;
  /** The path of the control socket. */
  readonly controlSocket: string;
  readonly startThread: typeof startThread;
  readonly openRouteSocket: typeof openRouteSocket;
  readonly openPacketSender: typeof openPacketSender;
  readonly openUnixStream: typeof openUnixStream;
  readonly openServiceManager: () => ReturnType<typeof openServiceManager>;
  readonly openFolder: (path: string) => ReturnType<typeof openFolder>;
  readonly sharedFileAt: typeof sharedFileAt;
  readonly stateFileIn: typeof stateFileIn;
  readonly readBootId: typeof readBootId;
}

/** This host. */
export function thisHost(log: Log, reloads: Reloads): Surroundings {
  return {
    ...{ log, reloads, chance, startThread, openRouteSocket, openPacketSender, openUnixStream, openServiceManager },
    ...{ openFolder, sharedFileAt, stateFileIn, readBootId },
    clock: systemClock,
    controlSocket: CONTROL_SOCKET,
  };
}
