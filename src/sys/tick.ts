import { clockGetres } from './libc.js';

/** linux/time.h: a clock that goes on at ticks, and not between two. */
const CLOCK_MONOTONIC_COARSE = 6;

/** How far apart the ticks of this kernel are, in milliseconds: 1000 / CONFIG_HZ, 1 to 10. */
export function tickMilliseconds(): number {
  const timespec = new BigInt64Array(2); // struct timespec: seconds, nanoseconds
  clockGetres(CLOCK_MONOTONIC_COARSE, new Uint8Array(timespec.buffer));
  return Math.round(Number(timespec[1]) / 1e4) / 100;
}
