/** The clocks, and the waiting on them. */
export interface Clock {
  /** Seconds since some fixed point in the past; never goes back. The same point for every thread. */
  monotonic(): number;
  /** Seconds since 1970-01-01 00:00 UTC. */
  unix(): number;
  /** Calls `task` every `seconds`. @returns a function that ends it */
  every(seconds: number, task: () => void): () => void;
  /** Calls `task` once, as soon as the event loop has handled what is waiting. */
  soon(task: () => void): void;
  /** Calls `task` once after `seconds`. @returns a function that calls it off */
  after(seconds: number, task: () => void): () => void;
}

/** As Clock's. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e9;

export const systemClock: Clock = {
  monotonic,
  unix: () => Date.now() / 1000,
  every: (seconds, task) => {
    const timer = setInterval(task, seconds * 1000);
    return () => clearInterval(timer);
  },
  soon: (task) => void setImmediate(task),
  after: (seconds, task) => {
    const timer = setTimeout(task, seconds * 1000);
    return () => clearTimeout(timer);
  },
};

/** Stops this thread for `seconds`. For threads that have nothing else to do. */
export function blockFor(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

/** A number from 0 to 1, 1 excluded. For what need not be secret. */
export function chance(): number {
  return Math.random();
}
