import { capget, capset, lastErrno, prctl } from '../libc.js';

/*
 * What the calling thread may do beyond other processes (capabilities(7)). Every thread has its own; those that it starts
 * inherit them.
 *
 * struct cap_user_header (linux/capability.h): 0 version u32   4 thread s32, 0: the one that calls
 * struct cap_user_data, twice, for capabilities 0 to 31 and 32 to 63: effective u32, permitted u32, inheritable u32
 */
const VERSION_3 = 0x20080522;

/**
 * Those that the daemon needs, where it has them, by their bits (linux/capability.h): frames, netlink, a network's
 * administration; the files of libvirt, the sockets of Open vSwitch, a state folder and a control socket of whoever owns
 * them; a port below 1024; memory that stays and a thread that goes first.
 */
export const CAPABILITIES = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_SYS_NICE: 23,
} as const;

type Capability = keyof typeof CAPABILITIES;

export const ALL_NEEDED = Object.keys(CAPABILITIES) as Capability[];

// linux/prctl.h
const PR_SET_NAME = 15;
const PR_SET_NO_NEW_PRIVS = 38;

/** Whether this thread holds its capabilities back, `privileged` steps aside. */
let resting = false;

/**
 * What this thread starts from now on, and what that starts, gains nothing by starting a program: no set-user-ID bit and
 * no file capability counts. What it has, it keeps.
 * @returns null, or the symbolic errno
 */
export function gainNothingMore(): string | null {
  return prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) === 0 ? null : lastErrno();
}

/**
 * Gives up for good what is not among `kept`. What was not there does not come.
 * @returns null, or the symbolic errno: EPERM where a filter of system calls forbids it
 */
export function keepOnly(kept: readonly Capability[]): string | null {
  const mask = kept.reduce((bits, name) => bits | (1 << CAPABILITIES[name]), 0);
  const sets = read();
  const less = sets.map((bits, n) => (n < 3 ? bits & mask : 0)); // those above 31 are none of ours
  return less.every((bits, n) => bits === sets[n]) ? null : write(less);
}

/**
 * For a thread that reads what strangers send: as `keepOnly`, and what it keeps it holds back until a step is
 * `privileged`. `ps` and `top` show the thread by its name, of at most 15 bytes.
 * @returns null, or the symbolic errno; then all is as before
 */
export function rest(name: string, kept: readonly Capability[]): string | null {
  prctl(PR_SET_NAME, Buffer.from(`${name}\0`), 0n, 0n, 0n);
  const failure = keepOnly(kept) ?? raise(false);
  resting = failure === null;
  return failure;
}

/** Takes a step with all that the thread has kept. */
export function privileged<T>(step: () => T): T {
  if (!resting) return step();
  raise(true);
  try {
    return step();
  } finally {
    raise(false);
  }
}

/** Makes all that is permitted effective, or none of it. */
function raise(all: boolean): string | null {
  const sets = read();
  for (const n of [0, 3]) sets[n] = all ? (sets[n + 1] ?? 0) : 0;
  return write(sets);
}

function header(): Uint8Array {
  return new Uint8Array(Uint32Array.of(VERSION_3, 0).buffer);
}

/** effective, permitted, inheritable of the lower capabilities, then of the upper ones. */
function read(): Uint32Array {
  const sets = new Uint32Array(6);
  capget(header(), new Uint8Array(sets.buffer));
  return sets;
}

function write(sets: Uint32Array): string | null {
  return capset(header(), new Uint8Array(sets.buffer)) === 0 ? null : lastErrno();
}
