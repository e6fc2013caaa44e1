import type { BenchEvent } from './events.js';
import { C_PROGRAM, firstRounds, HERALD } from './first-round.js';
import type { FirstRound, Results } from './results.js';
import { compareDaemon, compareListeners } from './snooping.js';

/** How a section is to be measured. */
export interface Order {
  /** With few runs, to see that all works. */
  quick: boolean;
  step: (text: string) => void;
}

interface Section {
  /** As `--only` has it. */
  name: string;
  measure(order: Order): Promise<BenchEvent>;
}

export const SECTIONS: readonly Section[] = [
  {
    name: 'snooping',
    measure: async (order) => ({ bench: 'result', section: 'snooping', result: await snooping(order) }),
  },
  {
    name: 'first-round',
    measure: async (order) => ({ bench: 'result', section: 'firstRound', result: await all(order) }),
  },
];

async function all({ quick, step }: Order): Promise<FirstRound[]> {
  const rows: FirstRound[] = [];
  for (const macs of [10, 100, 1000]) {
    step(`first round of ${macs} MACs`);
    rows.push(
      ...(await firstRounds(macs, [HERALD, C_PROGRAM], quick ? { blocks: 1, runs: 5 } : { blocks: 3, runs: 10 })),
    );
  }
  return rows;
}

async function snooping({ quick, step }: Order): Promise<Results['snooping']> {
  step('what listening costs the guests: ways to listen');
  const ways = await compareListeners({ pairs: quick ? 1 : 4, turns: quick ? 25 : 50 });
  step('what listening costs the guests: the daemon');
  const daemon = await compareDaemon({ pairs: quick ? 1 : 6, turns: quick ? 25 : 50 });
  return { daemon, ways };
}
