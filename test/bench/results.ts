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

/** All figures, by section. */
export interface Results {
  firstRound: FirstRound[];
}
