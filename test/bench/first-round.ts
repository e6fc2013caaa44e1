import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { programOf, startHerald } from './herald.js';
import { addGuests } from './macs.js';
import { Conversation, native } from './native.js';
import { type FirstRound, OTHER_BUILD } from './results.js';
import { spread } from './statistics.js';
import { type Arrival, Witness } from './witness.js';

const SCRIPT_FILE = fileURLToPath(new URL('../../../test/bench/announce.sh', import.meta.url));

/** Until its `ip monitor` listens: it says that it is ready before. */
const SCRIPT_STARTS_MS = 1000;

/** One who announces at a failover. */
interface Contestant {
  name: string;
  /** Starts it for so many MACs, which the bridge has already. Resolves, when it is ready, with how to end it. */
  start(lab: Lab, macs: number): Promise<() => Promise<unknown>>;
}

/** A build of the daemon: this one, or that of another checkout. */
function herald(name: string, program?: string): Contestant {
  return {
    name,
    async start(lab, macs) {
      const daemon = await startHerald(lab, macs, program === undefined ? {} : { program });
      return () => daemon.stop();
    },
  };
}

export const HERALD = herald('bondherald');

export const heraldOf = (checkout: string): Contestant => herald(OTHER_BUILD, programOf(checkout));

export const C_PROGRAM: Contestant = {
  name: 'C program',
  async start(lab, macs) {
    const program = await Conversation.start(lab, native('burst', 'wait', 'bond0', macs));
    return () => program.end();
  },
};

export const SCRIPT: Contestant = {
  name: 'shell script',
  async start(lab) {
    const script = await Conversation.start(lab, ['bash', SCRIPT_FILE]);
    await sleep(SCRIPT_STARTS_MS);
    return () => script.end();
  },
};

/** Frames still on their way through the switches would come back by the new link, and guests be learned there. */
export const CALM_MS_A_MAC = 0.01;

/** How often: `blocks` times each contestant in turn, with `runs` failovers each. */
export interface Pace {
  blocks: number;
  runs: number;
}

/** The first round of so many MACs by each of those who listen to the kernel's bond. */
export async function firstRounds(macs: number, contestants: readonly Contestant[], pace: Pace): Promise<FirstRound[]> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(macs);
    const witness = await Witness.start(lab, macs);
    const arrivals = contestants.map((): Arrival[] => []);
    for (let block = 0; block < pace.blocks; block++) {
      for (const [n, contestant] of contestants.entries()) {
        const stop = await contestant.start(lab, macs);
        arrivals[n]?.push(...(await switchOver(witness, macs, pace.runs)));
        await stop();
      }
    }
    return contestants.map(({ name }, n) => inShort(name, macs, arrivals[n] ?? []));
  } finally {
    await lab.destroy();
  }
}

/** Switches the active slave to and fro; the first time, which warms caches up, does not count. */
async function switchOver(witness: Witness, macs: number, runs: number): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (let run = 0; run <= runs; run++) {
    arrivals.push(await witness.arrival(await witness.switchOver(), macs));
    await sleep(macs * CALM_MS_A_MAC);
  }
  return arrivals.slice(1);
}

export function inShort(contestant: string, macs: number, arrivals: readonly Arrival[]): FirstRound {
  return {
    contestant,
    macs,
    toFirst: spread(arrivals.flatMap((arrival) => arrival.sinceActive ?? arrival.sinceCarrier ?? [])),
    firstToLast: spread(arrivals.map(({ firstToLast }) => firstToLast)),
    everyMacOnce: arrivals.every(({ frames, distinct }) => frames === macs && distinct === macs),
    fewestMacs: Math.min(...arrivals.map(({ distinct }) => distinct)),
    mostFrames: Math.max(...arrivals.map(({ frames }) => frames)),
  };
}
