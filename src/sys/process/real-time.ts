import v8 from 'node:v8';
import { lastErrno, mlock2, schedSetscheduler } from '../libc.js';

/** linux/sched.h; what the thread starts itself does not inherit its priority. */
const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x40000000;

/** The lowest of the real-time priorities: before everyone who has none, behind everyone who asked for more. */
const PRIORITY = 1;

/**
 * Has the calling thread run before all that is not real-time, for a thread that sleeps until something urgent happens.
 * The kernel still keeps a twentieth of each second for others (sched_rt_runtime_us).
 * @returns null, or the symbolic errno: EPERM without CAP_SYS_NICE or RLIMIT_RTPRIO
 */
export function runBeforeOthers(): string | null {
  const parameters = new Uint8Array(new Int32Array([PRIORITY]).buffer);
  const result = schedSetscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, parameters);
  return result === 0 ? null : lastErrno();
}

/** sys/mman.h: each page from when it is first written, so that what is never used takes no memory. */
const MLOCK_ONFAULT = 1;

/**
 * Keeps memory from being swapped out (mlock2(2)). Not the whole process: V8 aborts at its end when that is locked.
 * @returns null, or the symbolic errno: ENOMEM beyond RLIMIT_MEMLOCK, EPERM where that is 0 and CAP_IPC_LOCK is missing
 */
export function lockMemory(memory: SharedArrayBuffer): string | null {
  return mlock2(new Uint8Array(memory), memory.byteLength, MLOCK_ONFAULT) === 0 ? null : lastErrno();
}

/** Seldom enough to cost little, and more room than what happens until the next look takes. */
const FULL_ENOUGH = 0.5;

/** @returns how full this thread's nursery is, where V8 puts what is new: a share, 0 to 1 */
export function nurseryUse(): number {
  const space = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (!space) return 0;
  return space.space_used_size / (space.space_used_size + space.space_available_size);
}

/**
 * Has V8 collect this thread's nursery if that is half full. By itself V8 collects when it is full, in the middle of
 * whatever the thread is about then. Only for threads that `startThread` has started.
 */
export function collectIfHalfFull(): void {
  if (nurseryUse() > FULL_ENOUGH) globalThis.gc?.({ type: 'minor' });
}

/**
 * Has V8 collect all that this thread needs no more, and give the memory back. By itself V8 does so when a thread is at
 * rest in its event loop, which one that waits in the kernel never is. Only for threads that `startThread` has started.
 */
export function collectAfterStart(): void {
  globalThis.gc?.();
}
