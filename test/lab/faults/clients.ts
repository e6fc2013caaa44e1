import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, askDaemon } from '../../../src/cli/ask.js';
import { CONTROL_SOCKET } from '../../../src/config/constants.js';
import type { Scene } from './scene.js';

/** Leaves the one processor to the others for a moment. */
const PAUSE_MS = 5;

const PAGES = ['/metrics', '/', '/healthz'];

const QUESTIONS: readonly (() => Promise<unknown>)[] = [
  () => ask({ op: 'guests', bond: null }),
  () => ask({ op: 'status' }),
  () => askDaemon({ op: 'page' }, CONTROL_SOCKET),
];

/** Those who ask the daemon all the time: over HTTP, over the control socket, and one who never ends what he says. */
export class Clients {
  /** How many answers there were. */
  answers = 0;
  private going = true;
  private readonly all: Promise<void>[];

  constructor(private readonly scene: Scene) {
    this.all = [
      this.again(async (n) => void (await scene.daemon.get(PAGES[n % PAGES.length]))),
      this.again(async (n) => void (await QUESTIONS[n % QUESTIONS.length]?.())),
      this.again(() => rude()),
    ];
  }

  /** @returns when the last answer has come. Rejects with what went wrong for one of them */
  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.all);
  }

  private async again(once: (n: number) => Promise<void>): Promise<void> {
    for (let n = 0; this.going; n++) {
      await once(n);
      this.answers++;
      await sleep(PAUSE_MS);
    }
  }
}

/** Says half a request, and hangs up. */
function rude(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(CONTROL_SOCKET, () => socket.write('{"op":', () => socket.destroy()));
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
