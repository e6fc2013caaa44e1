import type { BenchEvent } from './events.js';
import { C_PROGRAM, firstRounds, HERALD } from './first-round.js';
import type { FirstRound } from './results.js';

/** How a section is to be measured. */
export interface Order {
  /** With few runs, to see that all works. */
  quick: boolean;
  step(text: string): void;
}

interface Section {
  /** As `--only` has it. */
  name: string;
  measure(order: Order): Promise<BenchEvent>;
}

export const SECTIONS: readonly Section[] = [
  { name: 'first-round', measure: async (order) => ({ bench: 'result', section: 'firstRound', result: await all(order) }) },
];

async function all({ quick, step }: Order): Promise<FirstRound[]> {
  const rows: FirstRound[] = [];
  for (const macs of [10, 100, 1000]) {
    step(`first round of ${macs} MACs`);
    rows.push(...(await firstRounds(macs, [HERALD, C_PROGRAM], quick ? { blocks: 1, runs: 5 } : { blocks: 3, runs: 10 })));
  }
  return rows;
}
