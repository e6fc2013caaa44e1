import { DISTURBANCES } from './disturbances.js';
import { disturbed } from './disturbed.js';
import type { BenchEvent } from './events.js';
import { C_PROGRAM, firstRounds, HERALD, heraldOf, SCRIPT } from './first-round.js';
import { groups } from './groups.js';
import { growth, SIZES } from './growth.js';
import { builds, THIS_BUILD } from './builds.js';
import { idle } from './idle.js';
import { outages } from './outage.js';
import { readyTimes } from './many-bonds.js';
import { memory } from './memory.js';
import { ovsRounds } from './ovs-round.js';
import { pureSending } from './pure-sending.js';
import type { Results } from './results.js';
import { scrapes } from './scrape.js';
import { compareDaemon, compareListeners } from './snooping.js';
import { staticRows } from './static-rows.js';

/** How a section is to be measured. */
export interface Order {
  /** With few runs, to see that all works. */
  quick: boolean;
  /** Whether all is measured: then the other build takes turns only where a target compares with it. */
  whole: boolean;
  /** The checkout of another build that takes turns with this one; null for none. */
  against: string | null;
  step: (text: string) => void;
  /** Tells the part outside that something begins or ends. */
  mark: (name: string) => void;
}

/** A tenth of a second for each MAC address is enough to know. */
const SCRIPT_UP_TO = 100;

/** Those in the lab. */
type Measured = Omit<Results, 'start'>;
type Measurements = { [Key in keyof Measured]: (order: Order) => Promise<Measured[Key]> };

const MEASUREMENTS: Measurements = {
  async firstRound({ quick, whole, against, step }) {
    const rows: Results['firstRound'] = [];
    if (against !== null && !whole) {
      step('first round of 1000 MACs: this build and the other');
      return firstRounds(1000, [HERALD, heraldOf(against)], { blocks: quick ? 6 : 12, runs: 10 });
    }
    for (const macs of quick ? [1000] : [10, 100, 1000, 10_000, 50_000]) {
      const many = macs > 1000;
      step(`first round of ${macs} MACs: bondherald and the C program`);
      const pace = quick ? { blocks: 1, runs: 5 } : { blocks: 3, runs: many ? 4 : 10 };
      rows.push(...(await firstRounds(macs, [HERALD, C_PROGRAM], pace)));
      step(`first round of ${macs} MACs: sending only`);
      rows.push(...(await pureSending(macs, { blocks: 1, runs: quick ? 3 : 5 })));
      step(`first round of ${macs} MACs: Open vSwitch`);
      rows.push(await ovsRounds(macs, { blocks: 1, runs: quick || many ? 2 : 5 }));
      if (macs > SCRIPT_UP_TO) continue;
      step(`first round of ${macs} MACs: the shell script`);
      rows.push(...(await firstRounds(macs, [SCRIPT], { blocks: 1, runs: 3 })));
    }
    return rows;
  },

  outage: ({ quick, step }) =>
    quick
      ? outages([100], { blocks: 1, runs: 1 }, false, step)
      : outages([100, 10], { blocks: 3, runs: 5 }, true, step),

  async disturbed({ quick, step }) {
    const rows: Results['disturbed'] = [];
    for (const disturbance of quick ? DISTURBANCES.slice(0, 2) : DISTURBANCES) {
      step(`first frame: ${disturbance.name}`);
      rows.push(await disturbed(disturbance, quick ? 4 : 40));
    }
    return rows;
  },

  async scrape({ quick, step }) {
    const rows: Results['scrape'] = [];
    for (const guests of quick ? [1000] : [1000, 50_000]) {
      step(`a scrape with ${guests} guests`);
      rows.push(await scrapes(guests, quick ? 10 : 50, quick ? 4 : 20));
    }
    return rows;
  },

  async idle({ quick, step, mark }) {
    const rows: Results['idle'] = [];
    for (const guests of quick ? [1000] : [0, 1000, 50_000]) {
      step(`idle with ${guests} guests`);
      rows.push(await idle(guests, quick ? 3 : 40, mark));
    }
    return rows;
  },

  async memory({ quick, against, step }) {
    const rows: Results['memory'] = [];
    const turns = quick || against === null ? 1 : 3;
    for (const guests of quick ? [1000] : [1000, 50_000]) {
      step(`memory of ${guests} guests`);
      rows.push(...(await memory(guests, { addresses: false, turns }, builds(against))));
    }
    for (const guests of quick ? [1000] : [10_000, 50_000]) {
      step(`memory of ${guests} guests with two addresses each, and their last announcement`);
      const compared = guests === 10_000 ? null : against;
      rows.push(...(await memory(guests, { addresses: true, turns }, builds(compared))));
    }
    return rows;
  },

  bonds({ quick, against, step }) {
    step('ready with 1, 16 and 64 bonds');
    return readyTimes(quick ? [1, 16] : [1, 16, 64], builds(against), quick ? 1 : 5);
  },

  async staticRows({ quick, against, step }) {
    const rows: Results['staticRows'] = [];
    step('static rows in every VLAN: 20 guests');
    rows.push(...(await staticRows(20, builds(against), quick ? 1 : 3)));
    if (quick) return rows;
    step('static rows in every VLAN: 100 guests');
    return [...rows, ...(await staticRows(100, [THIS_BUILD], 3))];
  },

  groups({ quick, step }) {
    const guests = quick ? 1000 : 10_000;
    step(`the first round of ${guests} guests in a group each`);
    return groups(guests, quick ? { blocks: 1, runs: 3 } : { blocks: 3, runs: 5 });
  },

  growth({ quick, against, step }) {
    const sizes = quick ? SIZES.slice(0, 2) : SIZES;
    step(`growth from ${sizes[0]} to ${sizes.at(-1)} guests`);
    return Promise.resolve(growth(sizes, quick, against));
  },

  async snooping({ quick, whole, against, step }) {
    if (against !== null && !whole) {
      step('what listening costs the guests: this build and the other');
      return { daemon: await compareDaemon({ pairs: quick ? 3 : 5, turns: quick ? 10 : 50 }, against), ways: [] };
    }
    step('what listening costs the guests: ways to listen');
    const ways = await compareListeners({ pairs: quick ? 1 : 3, turns: quick ? 10 : 50 });
    step('what listening costs the guests: the daemon');
    const daemon = await compareDaemon({ pairs: quick ? 1 : 5, turns: quick ? 10 : 50 }, null);
    return { daemon, ways };
  },
};

export const SECTIONS = Object.keys(MEASUREMENTS) as (keyof Measured)[];

/** Measures one section. */
export async function measure(section: keyof Measured, order: Order): Promise<BenchEvent> {
  const result = await MEASUREMENTS[section](order);
  return { bench: 'result', section, result } as BenchEvent;
}
