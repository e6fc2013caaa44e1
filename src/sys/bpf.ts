import * as libc from './libc.js';
import { privileged } from './process/privileges.js';

/** The number of bpf(2) by machine (asm/unistd.h): the C library has no function for it. */
const SYSCALL_NUMBERS: Partial<Record<NodeJS.Architecture, number>> = {
  x64: 321,
  arm64: 280,
  riscv64: 280,
  loong64: 280,
  ppc64: 361,
  s390x: 351,
  arm: 386,
  ia32: 357,
};

/** Undefined on a machine of another kind. */
export const BPF_SYSCALL = SYSCALL_NUMBERS[process.arch];

// linux/bpf.h
const BPF_PROG_QUERY = 16;
const BPF_TCX_EGRESS = 47;

/** BPF_MPROG_MAX: a device has no more programs. */
const MOST_PROGRAMS = 64;

/*
 * union bpf_attr of BPF_PROG_QUERY (64 bytes):
 *
 *    0             4           8           12           16           24        28    32
 *    +-------------+-----------+-----------+------------+------------+---------+-----+-------------
 *    | ifindex     | attach    | query     | attach     | prog_ids*  | count   | pad | four more of
 *    |             | type      | flags     | flags      |            |         |     | 8 bytes
 *    +-------------+-----------+-----------+------------+------------+---------+-----+-------------
 *    count: in, how many have room at prog_ids; out, how many there are
 */
const ATTRIBUTE_BYTES = 64;

/**
 * The programs at the egress hook tcx of a device, which the kernel asks before all filters of tc (Linux 6.6). No netlink
 * message tells of them. Needs CAP_NET_ADMIN.
 * @returns their ids, in the order in which they are asked; or the symbolic errno: EINVAL from a kernel without tcx,
 *   EPERM without the right, or where a filter of system calls forbids it, ENODEV when the device is gone
 */
export function tcxEgressPrograms(ifindex: number): readonly number[] | string {
  const number = BPF_SYSCALL;
  if (number === undefined) return 'ENOSYS';
  const ids = new Uint32Array(MOST_PROGRAMS);
  const attributes = new ArrayBuffer(ATTRIBUTE_BYTES);
  const words = new Uint32Array(attributes);
  words.set([ifindex, BPF_TCX_EGRESS]);
  new BigUint64Array(attributes)[2] = libc.addressOf(new Uint8Array(ids.buffer));
  words[6] = MOST_PROGRAMS;
  const errno = privileged(() => {
    const result = libc.syscall(number, BPF_PROG_QUERY, new Uint8Array(attributes), ATTRIBUTE_BYTES);
    return result < 0 ? libc.lastErrno() : null;
  });
  if (errno === null) return [...ids.subarray(0, words[6])];
  return errno === 'ENOENT' ? [] : errno; // the first kernels with tcx said so of a device without any
}
