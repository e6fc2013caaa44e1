import type { Clock } from '../../src/sys/clock.js';

/** A clock that stands still until a test moves it on. */
export class FakeClock implements Clock {
  now = 1000;
  readonly #tasks: { at: number; task: () => void }[] = [];

  monotonic(): number {
    return this.now;
  }

  unix(): number {
    return this.now;
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  every(seconds: number, task: () => void): () => void {
    let stop: () => void;
    const again = (): void => {
      task();
      stop = this.after(seconds, again);
    };
    stop = this.after(seconds, again);
    return () => stop();
  }

  after(seconds: number, task: () => void): () => void {
    const entry = { at: this.now + seconds, task };
    this.#tasks.push(entry);
    return () => {
      const index = this.#tasks.indexOf(entry);
      if (index >= 0) this.#tasks.splice(index, 1);
    };
  }

  /** How many tasks wait. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** Lets time pass, and has everything done that is due, in its order. */
  advance(seconds: number): void {
    const until = this.now + seconds;
    for (let n = 0; ; n++) {
      if (n > 1e6) throw new Error('time stands still');
      const due = this.#tasks.reduce<number>(
        (best, { at }, i) => (at < (this.#tasks[best]?.at ?? Infinity) ? i : best),
        -1,
      );
      const next = this.#tasks[due];
      if (!next || next.at > until) break;
      this.#tasks.splice(due, 1);
      this.now = Math.max(this.now, next.at);
      next.task();
    }
    this.now = until;
  }
}
