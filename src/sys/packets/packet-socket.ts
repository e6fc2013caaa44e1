import { existsSync, readdirSync } from 'node:fs';
import { PermissionError, SyscallError } from '../../errors.js';
import * as libc from '../libc.js';

/** linux/if_packet.h */
export const SOL_PACKET = 263;

/** linux/if_ether.h: frames of every protocol. */
export const ETH_P_ALL = 3;

/**
 * Opens an AF_PACKET socket (packet(7)), which hears nothing until it is bound.
 * @param doing what it is for, such as `listening`, for the message of an error
 * @param prepare binds it and sets its options; when it throws, the socket is closed
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError
 */
export function openPacketSocket(doing: string, prepare: (fd: number) => void): number {
  const fd = libc.socket(libc.AF_PACKET, libc.SOCK_RAW | libc.SOCK_CLOEXEC, 0);
  if (fd < 0 && libc.lastErrno() === 'EPERM')
    throw new PermissionError(`${doing} needs CAP_NET_RAW: run this as root or grant that capability`);
  libc.check(fd, 'socket', 'a packet socket');
  try {
    prepare(fd);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/**
 * Binds a packet socket to a device.
 * @param protocol ETH_P_ALL; 0: it never receives
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function bindToDevice(fd: number, ifindex: number, protocol: number): void {
  const address = linkLayerAddress(ifindex, protocol);
  libc.check(libc.bind(fd, address, address.length), 'bind', `a packet socket on device ${ifindex}`);
}

/** struct sockaddr_ll (linux/if_packet.h): u16 family, be16 protocol, s32 ifindex, and twelve bytes bind ignores. */
export function linkLayerAddress(ifindex: number, protocol: number): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(20));
  new Uint16Array(address.buffer, 0, 1)[0] = libc.AF_PACKET;
  new DataView(address.buffer).setUint16(2, protocol);
  new Int32Array(address.buffer, 4, 1)[0] = ifindex;
  return address;
}

// asm-generic/socket.h; SO_GET_FILTER has the number of SO_ATTACH_FILTER.
const SO_DOMAIN = 39;
const INSTRUCTION_BYTES = 8;
const SOCKADDR_LL_BYTES = 20;
/** BPF_RET | BPF_K: the whole frame passes, in the bytes of a struct sock_filter. */
export const PASS_ALL = new Uint8Array(new Uint32Array([0x06, 0xffffffff]).buffer);

/** BPF_RET | BPF_K: nothing passes. */
export const PASS_NONE = new Uint8Array(new Uint32Array([0x06, 0]).buffer);

/** The descriptors of this process. The one that reads the list is in the list, and closed at the end. */
export function openDescriptors(): Set<number> {
  const listed = readdirSync('/proc/self/fd');
  return new Set(listed.filter((fd) => existsSync(`/proc/self/fdinfo/${fd}`)).map(Number));
}

/**
 * The packet socket on a device that was opened since.
 * @param before the descriptors of this process then
 * @returns null when there is none
 */
export function newPacketSocket(before: ReadonlySet<number>, ifindex: number): number | null {
  return [...openDescriptors()].find((fd) => !before.has(fd) && isPacketSocketOn(fd, ifindex)) ?? null;
}

/** struct sockaddr_ll: u16 family, be16 protocol, s32 ifindex, ... */
function isPacketSocketOn(fd: number, ifindex: number): boolean {
  if (libc.getOption(fd, libc.SOL_SOCKET, SO_DOMAIN, 1)?.[0] !== libc.AF_PACKET) return false;
  return boundDevice(fd) === ifindex;
}

/** The device that a packet socket is bound to; -1 when that has gone (net/packet/af_packet.c:packet_notifier). */
export function boundDevice(fd: number): number {
  const address = new Uint8Array(new ArrayBuffer(SOCKADDR_LL_BYTES));
  if (libc.getsockname(fd, address, Uint32Array.of(SOCKADDR_LL_BYTES)) < 0) return -1;
  return new Int32Array(address.buffer, 4, 1)[0] ?? -1;
}

/** The filter that a socket has (linux/filter.h: an array of struct sock_filter); null for none. */
export function attachedFilter(fd: number): Uint8Array | null {
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
