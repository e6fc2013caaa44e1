import { readdirSync } from 'node:fs';
import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';

// asm-generic/socket.h; SO_GET_FILTER has the number of SO_ATTACH_FILTER.
const SO_DOMAIN = 39;
const INSTRUCTION_BYTES = 8;
const SOCKADDR_LL_BYTES = 20;
/** BPF_RET | BPF_K: the whole frame passes, in the bytes of a struct sock_filter. */
export const PASS_ALL = new Uint8Array(new Uint32Array([0x06, 0xffffffff]).buffer);

/** The descriptors of this process. */
export function openDescriptors(): Set<number> {
  return new Set(readdirSync('/proc/self/fd').map(Number));
}

/**
 * The packet socket on a device that was opened since.
 * @param before the descriptors of this process then
 * @returns null when there is none
 */
export function newPacketSocket(before: ReadonlySet<number>, ifindex: number): number | null {
  for (const fd of openDescriptors()) if (!before.has(fd) && isPacketSocketOn(fd, ifindex)) return fd;
  return null;
}

/** struct sockaddr_ll: u16 family, be16 protocol, s32 ifindex, ... */
function isPacketSocketOn(fd: number, ifindex: number): boolean {
  const domain = new Int32Array(new ArrayBuffer(4));
  const got = libc.getsockopt(fd, libc.SOL_SOCKET, SO_DOMAIN, new Uint8Array(domain.buffer), Uint32Array.of(4));
  if (got < 0 || domain[0] !== libc.AF_PACKET) return false;
  const address = new Uint8Array(new ArrayBuffer(SOCKADDR_LL_BYTES));
  if (libc.getsockname(fd, address, Uint32Array.of(SOCKADDR_LL_BYTES)) < 0) return false;
  return new Int32Array(address.buffer, 4, 1)[0] === ifindex;
}

/**
 * Puts a program of classic BPF before the one that a socket has: what the first lets pass at its end the second judges.
 * @param program instructions that jump within themselves
 * @throws SyscallError for example when the two together are longer than the kernel takes (BPF_MAXINSNS, 4096)
 */
export function prependFilter(fd: number, program: Uint8Array): void {
  attachFilter(fd, Buffer.concat([program, attachedFilter(fd) ?? PASS_ALL]));
}

/** The filter that a socket has (linux/filter.h: an array of struct sock_filter); null for none. */
function attachedFilter(fd: number): Uint8Array | null {
  const count = getFilter(fd, new Uint8Array(0));
  if (count === 0) return null;
  const program = new Uint8Array(count * INSTRUCTION_BYTES);
  getFilter(fd, program);
  return program;
}

/** The kernel counts in instructions here. @returns how many there are */
function getFilter(fd: number, into: Uint8Array): number {
  const length = Uint32Array.of(into.length / INSTRUCTION_BYTES);
  const result = libc.getsockopt(fd, libc.SOL_SOCKET, libc.SO_ATTACH_FILTER, into, length);
  libc.check(result, 'getsockopt', 'reading the filter of a socket');
  return length[0] ?? 0;
}

/**
 * Gives a socket a filter in place of what it has. struct sock_fprog: 0 number of instructions u16   8 instructions*
 * @param program classic BPF: an array of struct sock_filter
 * @throws SyscallError when the kernel does not take it
 */
export function attachFilter(fd: number, program: Uint8Array): void {
  const count = program.length / INSTRUCTION_BYTES;
  if (count > 0xffff) throw new SyscallError('setsockopt', 'EINVAL', `attaching a filter of ${count} instructions`);
  const description = new ArrayBuffer(16);
  new Uint16Array(description)[0] = count;
  new BigUint64Array(description)[1] = libc.addressOf(program);
  const result = libc.setsockopt(fd, libc.SOL_SOCKET, libc.SO_ATTACH_FILTER, new Uint8Array(description), 16);
  libc.check(result, 'setsockopt', `attaching a filter of ${count} instructions`);
}
