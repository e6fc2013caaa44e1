import { randomInt } from 'node:crypto';

/** Numbers from 0 up to 1 (mulberry32), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chance that can be had again: the same seed, the same numbers. Prints the seed. */
export class Seeded {
  /** From 0 up to 1. */
  readonly next: () => number;

  /** @param seed the one that a run before has printed; from the environment (SEED), or else a new one */
  constructor(seed = Number(process.env.SEED ?? randomInt(2 ** 31))) {
    this.next = seeded(seed);
    console.log(`seed ${seed}; the same again: --seed ${seed}`);
  }

  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }
}
