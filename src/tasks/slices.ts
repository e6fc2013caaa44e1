/** So long a slice may be, in seconds: far less than a scrape. */
const SLICE = 0.003;

/** Long work in the main thread, cut into slices between which everything else has its turn. */
export class Slices {
  private began: number;

  /** @param clock monotonic seconds, and a turn of the event loop */
  constructor(private readonly clock: { monotonic(): number; soon(task: () => void): void }) {
    this.began = clock.monotonic();
  }

  /** Whether the slice has been long enough. */
  get isOver(): boolean {
    return this.clock.monotonic() - this.began >= SLICE;
  }

  /** Begins the next slice as soon as others have had their turn. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.soon(resolve));
    this.began = this.clock.monotonic();
  }
}
