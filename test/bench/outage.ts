import { fileURLToPath } from 'node:url';
import { plainBridge } from '../lab/net/hypervisor.js';
import { mustRun } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { Stream } from '../lab/net/stream.js';
import { startHerald } from './herald.js';
import { Conversation } from './native.js';
import { type Detect, OvsBond } from './ovs.js';
import { AT_CARRIER_LOSS, type Outage, TOLD_OF_CARRIER } from './results.js';
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

function herald(name: string, settings = ''): Helper {
  return {
    name,
    start: async (lab) => {
      await startHerald(lab, 1, { settings });
      return backToFirst(lab);
    },
  };
}

const HERALD = herald('bondherald');

/** They take turns. */
const FAST: readonly Helper[] = [
  HERALD,
  herald(AT_CARRIER_LOSS, 'failover: {onCarrierLoss: true}'),
  { name: 'Open vSwitch', start: (lab, miimon) => openVSwitch(lab, miimon) },
  { name: TOLD_OF_CARRIER, start: (lab) => openVSwitch(lab, 'carrier') },
];

/** They are measured once, with fewer runs: what they need is known from a few. */
const SLOW: readonly Helper[] = [
  {
    name: 'shell script',
    start: async (lab) => {
      await Conversation.start(lab, ['bash', SCRIPT_FILE]);
      return backToFirst(lab);
    },
  },
  { name: 'nobody', start: (lab) => Promise.resolve(backToFirst(lab)) },
];

/** How often each is measured: so many blocks in turns, so many runs in a block. */
interface Pace {
  readonly blocks: number;
  readonly runs: number;
}

/**
 * How long a guest that says nothing is dark when its link fails, with each of those who could help it.
 * @param least also a bond that looks as often as its kernel can, with the daemon: what there is without onCarrierLoss
 */
export async function outages(
  miimons: readonly number[],
  pace: Pace,
  least: boolean,
  step: (text: string) => void,
): Promise<Outage[]> {
  const results: Outage[] = [];
  for (const miimon of miimons) {
    results.push(...(await inTurns(FAST, miimon, pace, step)));
    results.push(...(await inTurns(SLOW, miimon, { blocks: 1, runs: Math.min(pace.runs, 3) }, step)));
  }
  return least ? [...results, ...(await inTurns([HERALD], 1, pace, step))] : results;
}

async function inTurns(
  helpers: readonly Helper[],
  miimon: number,
  { blocks, runs }: Pace,
  step: (text: string) => void,
): Promise<Outage[]> {
  const series = new Map(helpers.map((helper) => [helper, [] as (number | null)[]]));
  for (let block = 0; block < blocks; block++) {
    for (const [helper, measured] of series) {
      step(`outage of a silent guest: ${helper.name}, miimon ${miimon}, ${block + 1} of ${blocks}`);
      measured.push(...(await outage(helper, miimon, runs)));
    }
  }
  return [...series].map(([{ name }, measured]) => {
    const dark = measured.filter((each) => each !== null);
    return { helper: name, miimon, milliseconds: spread(dark), forGood: measured.length - dark.length };
  });
}

async function outage(helper: Helper, miimon: number, runs: number): Promise<(number | null)[]> {
  const lab = await Lab.build({ bond: { miimon }, attach: plainBridge(1) });
  try {
    // Open vSwitch in user space hands on what the sender's device was to fill in, and the guest would drop it.
    await mustRun(['ip', 'netns', 'exec', 'client', 'ethtool', '-K', 'eth0', 'tx', 'off']);
    const back = await helper.start(lab, miimon);
    const measured: (number | null)[] = [];
    for (let run = 0; run < runs; run++) {
      await lab.teach();
      measured.push(await cutOnce(lab));
      await lab.mendLink(1);
      await back();
    }
    return measured;
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
