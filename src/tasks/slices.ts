/** So long a slice may be, in seconds: far less than a scrape. */
const SLICE = 0.003;

/** Bytes of a text are made at least so many characters at a time. */
const PART_LENGTH = 64 << 10;

/** Every so many pieces of a text it is looked whether the slice is over. */
const STEP = 32;

/** Long work in the main thread, cut into slices between which everything else has its turn. */
export class Slices {
  private began: number;

  /**
   * @param clock monotonic seconds, and a turn of the event loop
   * @param length of a slice, in seconds
   */
  constructor(
    private readonly clock: { monotonic(): number; soon(task: () => void): void },
    private readonly length = SLICE,
  ) {
    this.began = clock.monotonic();
  }

  /** Whether the slice has been long enough. */
  get isOver(): boolean {
    return this.clock.monotonic() - this.began >= this.length;
  }

  /** Begins the next slice as soon as others have had their turn. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.soon(resolve));
    this.began = this.clock.monotonic();
  }
}

/** The bytes of a text that is made piece by piece, in slices. */
export async function bytesInSlices(pieces: Iterable<string>, slices: Slices): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let text = '';
  let steps = 0;
  for (const piece of pieces) {
    text += piece;
    if (text.length >= PART_LENGTH) {
      parts.push(Buffer.from(text));
      text = '';
    }
    if (++steps % STEP === 0 && slices.isOver) await slices.pause();
  }
  return text === '' ? parts : [...parts, Buffer.from(text)];
}
