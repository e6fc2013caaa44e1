import { FrameError } from '../errors.js';
import { addressOf } from '../sys/libc.js';
import {
  type BatchMemory,
  newBatchMemory,
  controlWords,
  COUNT,
  EDITION,
  FRAME_BYTES,
  IDLE,
  PUBLISHED,
  SENDING,
  START,
  WITHHELD,
  type Generation,
  generationAt,
  IOVEC_BYTES,
  MESSAGE_BYTES,
} from './batch-memory.js';

/** Slots of one publication, as far as they had their turn: `turns` of `count`, from `start` on and round to 0. */
export interface Portion {
  readonly edition: number;
  readonly start: number;
  readonly count: number;
  readonly turns: number;
}

/** A frame, and since which publication its slot has held it. */
interface Slot {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly since: number;
}

/**
 * The owner's side of a batch: keeps the frames of a bond's first round ready in memory that the failover thread
 * shares. A change costs as much as the frames it touches, however many there are. Holds at most `capacity` frames.
 */
export class BatchWriter {
  readonly memory: BatchMemory['memory'];
  readonly unlocked: BatchMemory['unlocked'];
  private readonly control: Int32Array;
  readonly base: bigint;
  private readonly generations: readonly [Generation, Generation];
  private readonly slots = new Map<string, number>();
  /** Those that are to go first, `firsts` of them, then the others. */
  private readonly frames: Slot[] = [];
  private firsts = 0;
  /** For each generation the slots that do not hold yet what they should. */
  private readonly stale = [new Set<number>(), new Set<number>()] as const;
  private changed = false;
  private edition = 0;

  /** @param memory for so many frames, with none in it */
  constructor(
    readonly capacity: number,
    { memory, unlocked }: BatchMemory = newBatchMemory(capacity),
  ) {
    this.memory = memory;
    this.unlocked = unlocked;
    this.base = addressOf(new Uint8Array(this.memory));
    this.generations = [generationAt(0, capacity), generationAt(1, capacity)];
    this.control = controlWords(this.memory);
    Atomics.store(this.control, SENDING, IDLE);
  }

  get size(): number {
    return this.frames.length;
  }

  /** Goes on over changes: a key that is added meanwhile comes as well, one that is removed does not. */
  keys(): IterableIterator<string> {
    return this.slots.keys();
  }

  /** The frame under a key; null when there is none. */
  bytes(key: string): Uint8Array | null {
    return this.slotOf(key)?.bytes ?? null;
  }

  /** Whether the frame under `key` was among those that had their turn. One that has moved since counts as new. */
  wasIn({ edition, start, count, turns }: Portion, key: string): boolean {
    const slot = this.slots.get(key);
    const frame = this.slotOf(key);
    if (slot === undefined || !frame || frame.since > edition || slot >= count) return false;
    return (slot - start + count) % count < turns;
  }

  /** The next failover begins with the frame under `key`. */
  startWith(key: string): void {
    Atomics.store(this.control, START, this.slots.get(key) ?? 0);
  }

  private slotOf(key: string): Slot | undefined {
    return this.frames[this.slots.get(key) ?? -1];
  }

  /**
   * Adds a frame, or replaces the one under the same key. Takes effect with `publish`.
   * @param first whether it is to go before those that are not
   * @returns false when it is full
   * @throws FrameError when the frame is longer than a slot
   */
  put(key: string, bytes: Uint8Array, first = false): boolean {
    if (bytes.length > FRAME_BYTES) throw new FrameError(`a frame of ${bytes.length} bytes does not fit its slot`);
    const held = this.slots.get(key);
    const slot = held ?? this.frames.length;
    if (slot >= this.capacity) return false;
    this.place(slot, { key, bytes });
    if (first && held === undefined) this.promote(key);
    return true;
  }

  /** Whether a frame goes before those that are not to go first. */
  isFirst(key: string): boolean {
    return (this.slots.get(key) ?? this.capacity) < this.firsts;
  }

  /** A frame is to go before those that are not to go first. Takes effect with `publish`. */
  promote(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined || slot < this.firsts) return;
    this.swap(slot, this.firsts++);
  }

  /** Takes a frame out. Takes effect with `publish`. */
  remove(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined) return;
    if (slot < this.firsts) this.swap(slot, --this.firsts);
    const hole = this.slots.get(key) ?? slot;
    this.slots.delete(key);
    this.changed = true;
    const last = this.frames.pop();
    if (last && last.key !== key) this.place(hole, last);
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.frames[one], this.frames[other]];
    if (one === other || !a || !b) return;
    this.place(one, b);
    this.place(other, a);
  }

  private place(slot: number, { key, bytes }: Pick<Slot, 'key' | 'bytes'>): void {
    this.frames[slot] = { key, bytes, since: this.edition + 1 };
    this.slots.set(key, slot);
    for (const slots of this.stale) slots.add(slot);
    this.changed = true;
  }

  get isWithheld(): boolean {
    return Atomics.load(this.control, WITHHELD) !== 0;
  }

  /** The failover thread is to leave the frames to the main thread, until they are known to be right. */
  withhold(withheld: boolean): void {
    Atomics.store(this.control, WITHHELD, withheld ? 1 : 0);
  }

  /** Makes the changes visible to the failover thread. @returns false while that sends from the generation to change */
  publish(): boolean {
    if (!this.changed) return true;
    const generation = 1 - Atomics.load(this.control, PUBLISHED);
    if (Atomics.load(this.control, SENDING) === generation) return false;
    const index = generation === 0 ? 0 : 1;
    for (const slot of this.stale[index]) {
      const frame = this.frames[slot];
      if (frame) writeFrame(this, this.generations[index], slot, frame.bytes);
    }
    this.stale[index].clear();
    Atomics.store(this.control, COUNT + generation, this.frames.length);
    Atomics.store(this.control, EDITION + generation, ++this.edition);
    Atomics.store(this.control, PUBLISHED, generation);
    this.changed = false;
    return true;
  }
}

/** Writes a frame and the structures that point to it. @param base the address of the memory in this process */
export function writeFrame(
  { memory, base }: { readonly memory: SharedArrayBuffer; readonly base: bigint },
  { messages, iovecs, frames, frameBytes }: Generation,
  slot: number,
  frame: Uint8Array,
): void {
  const iovec = iovecs + slot * IOVEC_BYTES;
  const bytes = frames + slot * frameBytes;
  new Uint8Array(memory, bytes, frameBytes).set(frame);
  const pointers = new BigUint64Array(memory, iovec, 2);
  pointers[0] = base + BigInt(bytes);
  pointers[1] = BigInt(frame.length);
  const header = new BigUint64Array(memory, messages + slot * MESSAGE_BYTES, 4);
  header[2] = base + BigInt(iovec);
  header[3] = 1n;
}
