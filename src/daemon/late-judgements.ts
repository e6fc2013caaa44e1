import type { Mac } from '../addr/mac.js';
import { Slices } from '../tasks/slices.js';

/** Every so many who are judged it is looked whether the slice is over. */
const STEP = 8;

/** So long the main thread may be held at a time, in seconds: with some hundred guests all are judged at once. */
const SLICE = 0.008;

/**
 * Those who are judged late: after a change that may concern everybody there are too many to be judged at once. Bounded by
 * the MACs that are known.
 */
export class LateJudgements {
  private waiting: Iterator<Mac> | null = null;
  /** Those whose turn has been. */
  private readonly done = new Set<Mac>();

  /** @param judge judges one that is late */
  constructor(
    private readonly clock: ConstructorParameters<typeof Slices>[0],
    private readonly judge: (mac: Mac) => void,
  ) {}

  /** Whether somebody is late. */
  get areLeft(): boolean {
    return this.waiting !== null;
  }

  /** All are late, but for who is judged from now on. @param macs all, some may come twice; they may change meanwhile */
  begin(macs: Iterable<Mac>): void {
    this.done.clear();
    this.waiting = macs[Symbol.iterator]();
  }

  /** Judges one now, if he is late. */
  hurry(mac: Mac): void {
    if (this.take(mac)) this.judge(mac);
  }

  /** One is judged now. @returns whether he was late */
  take(mac: Mac): boolean {
    if (!this.waiting) return false;
    const before = this.done.size;
    return this.done.add(mac).size > before;
  }

  /** A slice of those who are left. */
  goOn(): void {
    const slice = new Slices(this.clock, SLICE);
    for (let steps = 1; this.waiting; steps++) {
      const next = this.waiting.next();
      if (next.done) return this.end();
      this.hurry(next.value);
      if (steps % STEP === 0 && slice.isOver) return;
    }
  }

  private end(): void {
    this.waiting = null;
    this.done.clear();
  }
}
