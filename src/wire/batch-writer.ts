import { FrameError } from '../errors.js';
import { addressOf } from '../sys/libc.js';
import {
  type BatchMemory,
  CELLS,
  newBatchMemory,
  controlWords,
  COUNT,
  EDITION,
  IDLE,
  IOVEC_BYTES,
  MESSAGE_BYTES,
  messagesAt,
  PUBLISHED,
  SENDING,
  START,
  WITHHELD,
} from './batch-memory.js';

/** Slots of one publication, as far as they had their turn: `turns` of `count`, from `start` on and round to 0. */
export interface Portion {
  readonly edition: number;
  readonly start: number;
  readonly count: number;
  readonly turns: number;
}

/**
 * The owner's side of a batch: keeps the frames of a bond's first round ready in memory that the failover thread
 * shares. A change costs as much as the frames it touches, however many there are. Holds at most `capacity` frames.
 */
export class BatchWriter {
  readonly memory: BatchMemory['memory'];
  readonly frameBytes: BatchMemory['frameBytes'];
  readonly unlocked: BatchMemory['unlocked'];
  private readonly control: Int32Array;
  private readonly layout: BatchLayout;
  private readonly slots = new Map<string, number>();
  // By slot: whose it is, which cell holds its frame, and since which publication. `firsts` are to go first.
  private readonly keyAt: string[] = [];
  private readonly cellAt: number[] = [];
  private readonly sinceAt: number[] = [];
  private firsts = 0;
  /** By cell: for which publication its frame was written. */
  private readonly madeIn: number[] = [];
  private readonly freeCells: number[] = [];
  /** The cells that were left since the last publication, and those since the one before that. */
  private left: number[] = [];
  private leftBefore: number[] = [];
  /** For each generation the slots that do not hold yet what they should. */
  private readonly stale = [new Set<number>(), new Set<number>()] as const;
  private changed = false;
  private edition = 0;

  /** @param memory for so many frames, with none in it */
  constructor(
    readonly capacity: number,
    { memory, frameBytes, unlocked }: BatchMemory = newBatchMemory(capacity),
  ) {
    this.memory = memory;
    this.frameBytes = frameBytes;
    this.unlocked = unlocked;
    this.layout = new BatchLayout(memory, capacity, frameBytes);
    this.control = controlWords(this.memory);
    Atomics.store(this.control, SENDING, IDLE);
  }

  get size(): number {
    return this.keyAt.length;
  }

  /** Goes on over changes: a key that is added meanwhile comes as well, one that is removed does not. */
  keys(): IterableIterator<string> {
    return this.slots.keys();
  }

  /** The frame under a key; null when there is none. */
  bytes(key: string): Uint8Array | null {
    const cell = this.cellAt[this.slots.get(key) ?? -1];
    return cell === undefined ? null : this.layout.read(cell);
  }

  /** Whether the frame under `key` was among those that had their turn. One that has moved since counts as new. */
  wasIn({ edition, start, count, turns }: Portion, key: string): boolean {
    const slot = this.slots.get(key);
    if (slot === undefined || (this.sinceAt[slot] ?? Infinity) > edition || slot >= count) return false;
    return (slot - start + count) % count < turns;
  }

  /** The next failover begins with the frame under `key`. */
  startWith(key: string): void {
    Atomics.store(this.control, START, this.slots.get(key) ?? 0);
  }

  /**
   * Adds a frame, or replaces the one under the same key. Takes effect with `publish`.
   * @param first whether it is to go before those that are not
   * @returns false when it is full
   * @throws FrameError when the frame is longer than a slot
   */
  put(key: string, bytes: Uint8Array, first = false): boolean {
    const { frameBytes } = this;
    if (bytes.length > frameBytes) throw new FrameError(`a frame of ${bytes.length} bytes does not fit its slot`);
    const held = this.slots.get(key);
    const slot = held ?? this.keyAt.length;
    if (slot >= this.capacity) return false;
    this.leave(this.cellAt[held ?? -1]);
    const cell = this.freeCells.pop() ?? this.madeIn.length;
    this.layout.write(cell, bytes);
    this.madeIn[cell] = this.edition + 1;
    this.place(slot, key, cell);
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
    this.leave(this.cellAt[hole]);
    const [last, cell] = [this.keyAt.pop(), this.cellAt.pop()];
    this.sinceAt.pop();
    if (last !== undefined && cell !== undefined && last !== key) this.place(hole, last, cell);
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.keyAt[one], this.keyAt[other]];
    const [cellOfA, cellOfB] = [this.cellAt[one], this.cellAt[other]];
    if (one === other || a === undefined || b === undefined || cellOfA === undefined || cellOfB === undefined) return;
    this.place(one, b, cellOfB);
    this.place(other, a, cellOfA);
  }

  private place(slot: number, key: string, cell: number): void {
    this.keyAt[slot] = key;
    this.cellAt[slot] = cell;
    this.sinceAt[slot] = this.edition + 1;
    this.slots.set(key, slot);
    for (const slots of this.stale) slots.add(slot);
    this.changed = true;
  }

  /** A cell is of no use any more: at once, if no generation has ever pointed to it. */
  private leave(cell: number | undefined): void {
    if (cell === undefined) return;
    if ((this.madeIn[cell] ?? 0) > this.edition) this.freeCells.push(cell);
    else this.left.push(cell);
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
      const cell = this.cellAt[slot];
      if (cell !== undefined) this.layout.point(index, slot, cell);
    }
    this.stale[index].clear();
    Atomics.store(this.control, COUNT + generation, this.keyAt.length);
    Atomics.store(this.control, EDITION + generation, ++this.edition);
    Atomics.store(this.control, PUBLISHED, generation);
    this.changed = false;
    // This generation points to none of those that were left before, and neither does the other since it was written.
    for (const cell of this.leftBefore) this.freeCells.push(cell);
    this.leftBefore = this.left;
    this.left = [];
    return true;
  }
}

/** Writes messages and frames into the memory of a batch. */
export class BatchLayout {
  /** The address of the memory in this process. */
  private readonly base: bigint;
  /** Where the messages of each generation begin. */
  private readonly messages: readonly [number, number];
  private readonly iovecs: number;
  private readonly frames: number;

  constructor(
    private readonly memory: SharedArrayBuffer,
    capacity: number,
    private readonly frameBytes: number,
  ) {
    this.base = addressOf(new Uint8Array(memory));
    this.messages = [messagesAt(0, capacity), messagesAt(1, capacity)];
    this.iovecs = messagesAt(2, capacity);
    this.frames = this.iovecs + CELLS * capacity * IOVEC_BYTES;
  }

  /** The address of the first message of generation 0. */
  get first(): bigint {
    return this.base + BigInt(this.messages[0]);
  }

  /** A cell holds a frame, which is to fit. */
  write(cell: number, frame: Uint8Array): void {
    const { frameBytes, memory } = this;
    const at = this.frames + cell * frameBytes;
    new Uint8Array(memory, at, frameBytes).set(frame);
    const iovec = new BigUint64Array(memory, this.iovecs + cell * IOVEC_BYTES, 2);
    iovec[0] = this.base + BigInt(at);
    iovec[1] = BigInt(frame.length);
  }

  /** A copy of the frame in a cell. */
  read(cell: number): Uint8Array {
    const length = Number(new BigUint64Array(this.memory, this.iovecs + cell * IOVEC_BYTES, 2)[1]);
    return new Uint8Array(this.memory, this.frames + cell * this.frameBytes, length).slice();
  }

  /** A message of a generation sends the frame in a cell. */
  point(generation: 0 | 1, slot: number, cell: number): void {
    const header = new BigUint64Array(this.memory, this.messages[generation] + slot * MESSAGE_BYTES, 4);
    header[2] = this.base + BigInt(this.iovecs + cell * IOVEC_BYTES);
    header[3] = 1n;
  }
}
