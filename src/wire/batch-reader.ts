import { addressOf } from '../sys/libc.js';
import { controlWords, COUNT, EDITION, generationAt, IDLE, PUBLISHED, SENDING } from './batch-layout.js';

/** The failover thread's side of a batch. */
export class BatchReader {
  private readonly control: Int32Array;
  private readonly base: bigint;

  constructor(
    private readonly memory: SharedArrayBuffer,
    private readonly capacity: number,
  ) {
    this.control = controlWords(memory);
    this.base = addressOf(new Uint8Array(memory));
  }

  /**
   * Calls `use` with the frames published last, which nobody changes until it returns.
   * @param use takes the address of the first struct mmsghdr, how many there are, and the number of the publication
   */
  read<T>(use: (messages: bigint, count: number, edition: number) => T): T {
    const generation = this.acquire();
    try {
      const { messages } = generationAt(generation, this.capacity);
      const count = Atomics.load(this.control, COUNT + generation);
      return use(this.base + BigInt(messages), count, Atomics.load(this.control, EDITION + generation));
    } finally {
      Atomics.store(this.control, SENDING, IDLE);
    }
  }

  /** Claims the published generation; the owner may publish another one between our look and our claim. */
  private acquire(): number {
    for (;;) {
      const generation = Atomics.load(this.control, PUBLISHED);
      Atomics.store(this.control, SENDING, generation);
      if (Atomics.load(this.control, PUBLISHED) === generation) return generation;
    }
  }
}
