import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/net/lab.js';
import { STATE_FOLDER } from '../lab/net/state-folder.js';
import { Conversation, native } from './native.js';

/** Something that keeps the daemon busy while the bond fails over. */
export interface Disturbance {
  name: string;
  /** V8's flags for the daemon. */
  nodeFlags?: readonly string[];
  start(lab: Lab): Promise<Running>;
}

export interface Running {
  /** Resolves when the next switch is to be made. */
  due(): Promise<unknown>;
  /** Ends it; resolves with how strong it was, in words. */
  stop(): Promise<string>;
}

const SCRAPER = fileURLToPath(new URL('./scraper.js', import.meta.url));
const STORM = 20_000;
/** Enough for the state file to be out of date at every look. */
const DRIZZLE = 20;
/** The port that the storm is on, not the guests'. */
const PORT = 'tap2';
const PAUSE_MS = 20;

const pause = (): Promise<void> => sleep(PAUSE_MS);

async function storm(lab: Lab, rate: number): Promise<Conversation> {
  return Conversation.start(lab, native('storm', PORT, rate));
}

async function said(program: Conversation, words: (figure: number) => string): Promise<string> {
  const figure = Number(await program.ask('how many'));
  await program.end();
  return words(Math.round(figure));
}

/** Reads /metrics without a pause. */
export async function scrape(lab: Lab): Promise<Running> {
  const scraper = await Conversation.start(lab, [process.execPath, SCRAPER]);
  return { due: pause, stop: () => said(scraper, (rate) => `${rate} scrapes a second`) };
}

export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'quiet', start: () => Promise.resolve({ due: pause, stop: () => Promise.resolve('') }) },
  {
    name: `a storm of changes in the forwarding database`,
    async start(lab) {
      const program = await storm(lab, STORM);
      return { due: pause, stop: () => said(program, (rate) => `${rate} changes a second, of ${STORM} wanted`) };
    },
  },
  { name: '/metrics read without a pause', start: scrape },
  {
    name: 'garbage collection all the time, /metrics read without a pause',
    nodeFlags: ['--gc-interval=1000'],
    start: scrape,
  },
  {
    name: 'the state file being written',
    async start(lab) {
      const program = await storm(lab, DRIZZLE);
      return { due: nextWrite, stop: () => said(program, () => 'each switch as a write begins') };
    },
  },
];

/** Resolves when the daemon begins to write its state. */
function nextWrite(): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(STATE_FOLDER, () => {
      watcher.close();
      resolve();
    });
  });
}
