import { lastErrno, schedSetscheduler } from '../libc.js';

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
