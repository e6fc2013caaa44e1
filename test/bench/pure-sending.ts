import { fileURLToPath } from 'node:url';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { inShort, type Pace } from './first-round.js';
import { Conversation, native } from './native.js';
import type { FirstRound } from './results.js';
import { type Arrival, Witness } from './witness.js';

const INJECTOR = fileURLToPath(new URL('./injector.js', import.meta.url));

/** Programs that send so many frames when they are told to, without waiting for any event. */
const SENDERS = {
  'C program, told to send': (macs: number) => native('burst', 'now', 'bond0', macs),
  'pcap’s inject, told to send': (macs: number) => [process.execPath, INJECTOR, 'bond0', String(macs)],
};

/** What it takes to send so many frames, and nothing else. */
export async function pureSending(macs: number, pace: Pace): Promise<FirstRound[]> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    const witness = await Witness.start(lab, macs);
    const arrivals = new Map<string, Arrival[]>();
    for (let block = 0; block < pace.blocks; block++) {
      for (const [name, argv] of Object.entries(SENDERS)) {
        const sender = await Conversation.start(lab, argv(macs));
        const all = arrivals.get(name) ?? [];
        arrivals.set(name, [...all, ...(await sendAgain(sender, witness, macs, pace.runs))]);
        await sender.end();
      }
    }
    return [...arrivals].map(([name, all]) => inShort(name, macs, all));
  } finally {
    await lab.destroy();
  }
}

/** The first time, which warms caches up, does not count. */
async function sendAgain(sender: Conversation, witness: Witness, macs: number, runs: number): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (let run = 0; run <= runs; run++) {
    await witness.clear();
    await sender.ask('send');
    arrivals.push(await witness.arrival(1, macs));
  }
  return arrivals.slice(1);
}
