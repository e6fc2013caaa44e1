import { FrameError } from '../errors.js';
import { addressOf } from '../sys/libc.js';
import { batchBytes, controlWords, COUNT, FRAME_BYTES, IDLE, PUBLISHED, SENDING, writeFrame } from './batch-layout.js';

/**
 * The owner's side of a batch: keeps the frames of a bond's first round ready in memory that the failover thread
 * shares. A change costs as much as the frames it touches, however many there are. Holds at most `capacity` frames.
 */
export class BatchWriter {
  readonly memory: SharedArrayBuffer;
  private readonly control: Int32Array;
  private readonly base: bigint;
  private readonly slots = new Map<string, number>();
  private readonly frames: { readonly key: string; readonly bytes: Uint8Array }[] = [];
  /** For each generation the slots that do not hold yet what they should. */
  private readonly stale = [new Set<number>(), new Set<number>()] as const;
  private changed = false;

  constructor(readonly capacity: number) {
    this.memory = new SharedArrayBuffer(batchBytes(capacity));
    this.base = addressOf(new Uint8Array(this.memory));
    this.control = controlWords(this.memory);
    Atomics.store(this.control, SENDING, IDLE);
  }

  get size(): number {
    return this.frames.length;
  }

  has(key: string): boolean {
    return this.slots.has(key);
  }

  keys(): IterableIterator<string> {
    return this.slots.keys();
  }

  /**
   * Adds a frame, or replaces the one under the same key. Takes effect with `publish`.
   * @returns false when the batch is full
   * @throws FrameError when the frame is longer than a slot
   */
  put(key: string, bytes: Uint8Array): boolean {
    if (bytes.length > FRAME_BYTES) throw new FrameError(`a frame of ${bytes.length} bytes does not fit its slot`);
    const slot = this.slots.get(key) ?? this.frames.length;
    if (slot >= this.capacity) return false;
    this.place(slot, { key, bytes });
    return true;
  }

  /** Takes a frame out. Takes effect with `publish`. */
  remove(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined) return;
    this.slots.delete(key);
    this.changed = true;
    const last = this.frames.pop();
    if (last && last.key !== key) this.place(slot, last);
  }

  private place(slot: number, frame: { key: string; bytes: Uint8Array }): void {
    this.frames[slot] = frame;
    this.slots.set(frame.key, slot);
    for (const slots of this.stale) slots.add(slot);
    this.changed = true;
  }

  /**
   * Makes the changes visible to the failover thread, all at once.
   * @returns false when that has to wait, because the thread is sending from the generation to be written
   */
  publish(): boolean {
    if (!this.changed) return true;
    const generation = 1 - Atomics.load(this.control, PUBLISHED);
    if (Atomics.load(this.control, SENDING) === generation) return false;
    const stale = this.stale[generation === 0 ? 0 : 1];
    for (const slot of stale) {
      const frame = this.frames[slot];
      if (frame) writeFrame(this.memory, this.base, { generation, capacity: this.capacity, slot }, frame.bytes);
    }
    stale.clear();
    Atomics.store(this.control, COUNT + generation, this.frames.length);
    Atomics.store(this.control, PUBLISHED, generation);
    this.changed = false;
    return true;
  }
}
