import type { Spread } from './statistics.js';

/** Where and when it was measured. Nothing in here says on whose machine. */
export interface Setting {
  date: string;
  kernel: string;
  world: string;
  cpus: number;
  node: string;
  commit: string;
  quick: boolean;
}

/** First rounds of one contestant with so many MACs. Times are in µs. */
export interface FirstRound {
  contestant: string;
  macs: number;
  /** From the kernel's message to the first frame on the far side; null for one that is told to send. */
  toFirst: Spread | null;
  firstToLast: Spread | null;
  /** Whether every MAC came exactly once, every time. */
  everyMacOnce: boolean;
}

/** What a guest gets through the bond while somebody listens there. */
export interface SnoopingCost {
  way: string;
  load: string;
  /** Median of frames a second that arrive; of bytes for TCP. */
  rate: number;
  /** Median, over the pairs, of the rate to that of the first way in the same pair. */
  ratio: number;
  pairs: number;
}

/** All figures, by section. */
export interface Results {
  firstRound: FirstRound[];
  snooping: { daemon: SnoopingCost[]; ways: SnoopingCost[] };
}
