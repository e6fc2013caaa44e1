/** Seconds: the first wait, each next one twice as long, and the longest. */
const WAITS = { first: 1, most: 60 };

/** The share of a wait by which it may be longer, so that what failed together is not tried together. */
const JITTER = 0.25;

/** How long to wait before what failed is tried again. */
export class Backoff {
  private wait = WAITS.first;

  /** @param chance gives numbers from 0 to 1 */
  constructor(private readonly chance: () => number) {}

  /** The next wait, in seconds. */
  next(): number {
    const seconds = this.wait * (1 + JITTER * this.chance());
    this.wait = Math.min(2 * this.wait, WAITS.most);
    return seconds;
  }

  reset(): void {
    this.wait = WAITS.first;
  }
}

/** A wait that others may cut short. */
export class Nap {
  private awake = false;
  private wake: () => void = () => undefined;

  /** @param clock calls a task once after so many seconds, and returns a function that calls it off */
  constructor(private readonly clock: { after(seconds: number, task: () => void): () => void }) {}

  /** Settles after `seconds`, or when `end` is called; at once when it was since the last time. */
  async sleep(seconds: number): Promise<void> {
    const over = new Promise<void>((resolve) => (this.wake = resolve));
    const stopTimer = this.clock.after(seconds, this.wake);
    if (!this.awake) await over;
    stopTimer();
    this.awake = false;
  }

  end(): void {
    this.awake = true;
    this.wake();
  }
}
