import { fileURLToPath } from 'node:url';
import { plainBridge } from '../lab/net/hypervisor.js';
import { mustRun } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { Stream } from '../lab/net/stream.js';
import { startHerald } from './herald.js';
import { Conversation } from './native.js';
import { type Detect, OvsBond } from './ovs.js';
import type { Outage } from './results.js';
import { spread } from './statistics.js';

const SCRIPT_FILE = fileURLToPath(new URL('../../../test/bench/announce.sh', import.meta.url));

/** So long nobody came to the guest's help: the test is over. */
const GIVE_UP_MS = 1500;
const INTERVAL_MS = 1;

/** One who announces, on a lab that sends by up1. */
interface Helper {
  name: string;
  /** Starts it; resolves with how to go back to up1 once that link is mended. */
  start(lab: Lab, miimon: number): Promise<() => Promise<void>>;
}

const backToFirst = (lab: Lab) => async (): Promise<void> => {
  await lab.untilUp('up1');
  await lab.setActive('up1');
  await lab.untilActive('up1');
};

async function openVSwitch(lab: Lab, detect: Detect): Promise<() => Promise<void>> {
  const ovs = await OvsBond.start(lab, { detect, macs: 10 });
  return async () => {
    await ovs.untilUp('up1');
    await ovs.setActive('up1');
  };
}

const HELPERS: readonly Helper[] = [
  {
    name: 'bondherald',
    start: async (lab) => {
      await startHerald(lab, 1);
      return backToFirst(lab);
    },
  },
  { name: 'Open vSwitch', start: (lab, miimon) => openVSwitch(lab, miimon) },
  { name: 'Open vSwitch, told of carrier', start: (lab) => openVSwitch(lab, 'carrier') },
  {
    name: 'shell script',
    start: async (lab) => {
      await Conversation.start(lab, ['bash', SCRIPT_FILE]);
      return backToFirst(lab);
    },
  },
  { name: 'nobody', start: (lab) => Promise.resolve(backToFirst(lab)) },
];

/** How long a guest that says nothing is dark when its link fails, with each of those who could help it. */
export async function outages(
  miimons: readonly number[],
  runs: number,
  step: (text: string) => void,
): Promise<Outage[]> {
  const results: Outage[] = [];
  for (const miimon of miimons) {
    for (const helper of HELPERS) {
      step(`outage of a silent guest: ${helper.name}, miimon ${miimon}`);
      results.push(await outage(helper, miimon, helper.name === 'nobody' ? Math.min(runs, 3) : runs));
    }
  }
  return results;
}

async function outage(helper: Helper, miimon: number, runs: number): Promise<Outage> {
  const lab = await Lab.build({ bond: { miimon }, attach: plainBridge(1) });
  try {
    // Open vSwitch in user space hands on what the sender's device was to fill in, and the guest would drop it.
    await mustRun(['ip', 'netns', 'exec', 'client', 'ethtool', '-K', 'eth0', 'tx', 'off']);
    const back = await helper.start(lab, miimon);
    const dark: number[] = [];
    let forGood = 0;
    for (let run = 0; run < runs; run++) {
      await lab.teach();
      const result = await cutOnce(lab);
      if (result === null) forGood++;
      else dark.push(result);
      await lab.mendLink(1);
      await back();
    }
    return { helper: helper.name, miimon, milliseconds: spread(dark), forGood };
  } finally {
    await lab.destroy();
  }
}

/** Cuts the active link under a stream. Resolves with the outage in ms; null if it lasted to the end. */
async function cutOnce(lab: Lab): Promise<number | null> {
  const stream = await Stream.start(lab, { intervalMs: INTERVAL_MS });
  await stream.goesOn(200);
  await lab.cutLink(1);
  // Nothing of ours looks while the bond and its helper do their work.
  await stream.goesOn(GIVE_UP_MS / INTERVAL_MS / 3);
  await stream.arrivesAgain(20, { timeout: GIVE_UP_MS }).catch(() => undefined);
  const [record] = await stream.stop();
  return record === undefined || record.darkAtEnd ? null : record.longestOutage;
}
