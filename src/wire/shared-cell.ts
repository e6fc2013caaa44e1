import type { Cell } from '../plan/bucket.js';
import { bucketWord } from './batch-layout.js';

/** The number of a bond's RARP bucket, which the failover thread and the main thread both draw from. */
export function sharedCell(memory: SharedArrayBuffer): Cell {
  const word = bucketWord(memory);
  return {
    load: () => Number(Atomics.load(word, 0)),
    replace: (expected, next) => Atomics.compareExchange(word, 0, BigInt(expected), BigInt(next)) === BigInt(expected),
  };
}
