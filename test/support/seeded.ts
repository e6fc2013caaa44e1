import { randomInt } from 'node:crypto';

/** Chance that can be had again: the same seed, the same numbers. Prints the seed. */
export class Seeded {
  #state: number;

  /** @param seed the one that a run before has printed; from the environment (SEED), or else a new one */
  constructor(seed = Number(process.env.SEED ?? randomInt(2 ** 31))) {
    this.#state = seed >>> 0;
    console.log(`seed ${seed}; the same again: --seed ${seed}`);
  }

  /** From 0 up to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }
}
