import { lockMemory } from '../sys/process/lock-memory.js';
import { batchBytes, CONTROL_BYTES } from './batch-layout.js';

/** Memory for one batch, which the failover thread shares. */
export interface BatchMemory {
  readonly memory: SharedArrayBuffer;
  /** Why it may be swapped out; null: it may not. */
  readonly unlocked: string | null;
}

/** New memory for `capacity` frames. */
export function newBatchMemory(capacity: number): BatchMemory {
  const memory = new SharedArrayBuffer(batchBytes(capacity));
  return { memory, unlocked: lockMemory(memory) };
}

/**
 * Memory for batches of one capacity, used again when a bond is gone. What V8 does not count among its garbage, and the
 * failover thread hardly ever collects, would pile up where bonds come and go: 30 MiB of locked memory each. Holds as
 * many as there have been bonds at a time.
 */
export class BatchMemories {
  private readonly free: BatchMemory[] = [];

  constructor(readonly capacity: number) {}

  /** Memory that nobody else has, with no frame in it. */
  take(): BatchMemory {
    return this.free.pop() ?? newBatchMemory(this.capacity);
  }

  /** Nobody reads or writes it any more, in either thread. */
  giveBack({ memory, unlocked }: BatchMemory): void {
    // Counts and editions; what else is there, a count of 0 hides.
    new Uint8Array(memory, 0, CONTROL_BYTES).fill(0);
    this.free.push({ memory, unlocked });
  }
}
