/** The clocks, and the waiting on them. */
export interface Clock {
  /** Seconds since some fixed point in the past; never goes back. The same point for every thread. */
  monotonic(): number;
  /** Seconds since 1970-01-01 00:00 UTC. */
  unix(): number;
  /**
   * Calls `task` every `seconds`, the first time after a half to one and a half of that: at multiples of it, so that all
   * who wait as long wake the processor once. @returns a function that ends it
   */
  every(seconds: number, task: () => void): () => void;
  /** Calls `task` once, as soon as the event loop has handled what is waiting. */
  soon(task: () => void): void;
  /** Calls `task` once after `seconds`. @returns a function that calls it off */
  after(seconds: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  monotonic: () => Number(process.hrtime.bigint()) / 1e9,
  unix: () => Date.now() / 1000,
  every: (seconds, task) => {
    const interval = seconds * 1000;
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const now = performance.now();
      const due = Math.ceil((now + interval / 2) / interval) * interval; // a timer may be a little early
      timer = setTimeout(run, due - now);
    };
    const run = (): void => {
      wait();
      task();
    };
    wait();
    return () => clearTimeout(timer);
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
