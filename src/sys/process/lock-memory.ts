import { lastErrno, mlock2 } from '../libc.js';

/** sys/mman.h: each page from when it is first written, so that what is never used takes no memory. */
const MLOCK_ONFAULT = 1;

/**
 * Keeps memory from being swapped out (mlock2(2)). Not the whole process: V8 aborts at its end when that is locked.
 * @returns null, or the symbolic errno: ENOMEM beyond RLIMIT_MEMLOCK, EPERM where that is 0 and CAP_IPC_LOCK is missing
 */
export function lockMemory(memory: SharedArrayBuffer): string | null {
  return mlock2(new Uint8Array(memory), memory.byteLength, MLOCK_ONFAULT) === 0 ? null : lastErrno();
}
