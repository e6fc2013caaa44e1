import { lockMemory } from '../sys/process/real-time.js';

/*
 * The memory of a batch: ready-made frames with the structures that sendmmsg(2) wants, so that sending them is one
 * system call and no work. There are two generations; one is published, the other can be changed. Frames are in cells,
 * which both generations point to: a cell is written once, and used again when neither does.
 *
 *    +----------+--------------+--------------+---------------------+--------------+
 *    | control  | generation 0 | generation 1 | struct iovec × cells | frame × cells |
 *    +----------+--------------+--------------+---------------------+--------------+
 *    generation: struct mmsghdr × capacity; cells: CELLS × capacity
 *    control (64 bytes): 32-bit words, at the indices below; at 32 the number of the bond's RARP bucket (64 bits)
 *
 *    struct mmsghdr (64 bytes, 64-bit):  0 name*   8 namelen  16 iov*  24 iovlen  32 control*  40 controllen  48 flags
 *                                       56 length sent
 *    struct iovec (16 bytes):            0 base*   8 length
 */

/** Bytes of one struct mmsghdr. */
export const MESSAGE_BYTES = 64;
export const IOVEC_BYTES = 16;
/** The 86 bytes of a Neighbor Advertisement, and a VLAN tag for each device on its way (topology/exits.ts:MAX_HOPS). */
const FRAME_BYTES = 160;
/** The same for the 42 bytes of a RARP. */
export const RARP_BYTES = 112;
/** Cells a frame: those of the frames as they are, and those that each of the two generations may still point to. */
export const CELLS = 3;
const CONTROL_BYTES = 64;

/** Indices into the control words, which are read and written with Atomics only. */
export const PUBLISHED = 0;
/** The generation that the failover thread is sending from, or IDLE. */
export const SENDING = 1;
/** The number of frames in generation 0; that of generation 1 follows. */
export const COUNT = 2;
/** Which publication generation 0 holds; that of generation 1 follows. */
export const EDITION = 4;
/** How often runs of the bond were cancelled: whoever sends for a run looks here whether it is his still. */
export const EPOCH = 6;
/** The slot that is first at the next failover: it had no turn in the last one. */
export const START = 7;
/** Not 0 while the frames may be those of another shape of the host: then the main thread sends, which looks at each. */
export const WITHHELD = 10;
export const IDLE = -1;
const BUCKET_AT = 32;

/** How many bytes a batch of `capacity` frames takes. Pages that no frame has touched take no memory. */
export function batchBytes(capacity: number, frameBytes: number): number {
  return CONTROL_BYTES + capacity * (2 * MESSAGE_BYTES + CELLS * (IOVEC_BYTES + frameBytes));
}

/** The control words of a batch. */
export const controlWords = (memory: SharedArrayBuffer): Int32Array => new Int32Array(memory, 0, CONTROL_BYTES / 4);

/** The number of the RARP bucket, which both threads draw from. */
export const bucketWord = (memory: SharedArrayBuffer): BigInt64Array => new BigInt64Array(memory, BUCKET_AT, 1);

/** Where the messages of generation 0 or 1 begin, in bytes from the start of the memory. */
export function messagesAt(generation: number, capacity: number): number {
  return CONTROL_BYTES + generation * capacity * MESSAGE_BYTES;
}

/** Memory for one batch, which the failover thread shares. */
export interface BatchMemory {
  readonly memory: SharedArrayBuffer;
  readonly frameBytes: number;
  /** Why it may be swapped out; null: it may not. */
  readonly unlocked: string | null;
}

/** @param frameBytes how long a frame may be */
export function newBatchMemory(capacity: number, frameBytes = FRAME_BYTES): BatchMemory {
  const memory = new SharedArrayBuffer(batchBytes(capacity, frameBytes));
  return { memory, frameBytes, unlocked: lockMemory(memory) };
}

/**
 * Memory for RARPs of one capacity, used again when a bond is gone: V8 does not count these 32 MiB of locked memory
 * among its garbage, and the failover thread hardly ever collects. Holds as many as there have been bonds at a time.
 */
export class BatchMemories {
  private readonly free: BatchMemory[] = [];

  constructor(readonly capacity: number) {}

  /** Memory that nobody else has, with no frame in it. */
  take(): BatchMemory {
    return this.free.pop() ?? newBatchMemory(this.capacity, RARP_BYTES);
  }

  /** Nobody reads or writes it any more, in either thread. */
  giveBack({ memory, frameBytes, unlocked }: BatchMemory): void {
    controlWords(memory).fill(0); // counts and editions; what else is there, a count of 0 hides
    this.free.push({ memory, frameBytes, unlocked });
  }
}
