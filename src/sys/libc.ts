import os from 'node:os';
import koffi from 'koffi';
import { SyscallError } from '../errors.js';

/** The C library's calls on sockets and memory, and nothing else of it. Each returns what the system call returned. */
const libc = koffi.load(null);

export const socket = libc.func('int socket(int domain, int type, int protocol)') as (
  domain: number,
  type: number,
  protocol: number,
) => number;
export const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;
export const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;
export const recvfrom = libc.func(
  'long recvfrom(int fd, uint8_t *buffer, size_t length, int flags, uint8_t *address, uint32_t *address_length)',
) as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: Uint32Array,
) => number;
export const send = libc.func('long send(int fd, const uint8_t *buffer, size_t length, int flags)') as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
) => number;
export const sendto = libc.func(
  'long sendto(int fd, const uint8_t *buffer, size_t length, int flags, const uint8_t *address, uint32_t address_length)',
) as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: number,
) => number;
export const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)') as (
  fd: number,
  messages: bigint,
  count: number,
  flags: number,
) => number;
export const getsockopt = libc.func(
  'int getsockopt(int fd, int level, int name, uint8_t *value, uint32_t *length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array) => number;
export const recvmmsg = libc.func(
  'int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)',
) as (fd: number, messages: bigint, count: number, flags: number, timeout: null) => number;
export const getsockname = libc.func('int getsockname(int fd, uint8_t *address, uint32_t *length)') as (
  fd: number,
  address: Uint8Array,
  length: Uint32Array,
) => number;
export const poll = libc.func('int poll(uint8_t *descriptors, unsigned long count, int milliseconds)') as (
  descriptors: Uint8Array,
  count: number,
  milliseconds: number,
) => number;
export const eventfd = libc.func('int eventfd(unsigned int count, int flags)') as (
  count: number,
  flags: number,
) => number;
export const read = libc.func('long read(int fd, uint8_t *buffer, size_t length)') as TransferCall;
export const write = libc.func('long write(int fd, const uint8_t *buffer, size_t length)') as TransferCall;
type TransferCall = (fd: number, buffer: Uint8Array, length: number) => number;
export const close = libc.func('int close(int fd)') as (fd: number) => number;
export const connect = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)') as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;

/** Since Linux 4.4 and glibc 2.27. */
export const mlock2 = libc.func('int mlock2(const uint8_t *address, size_t length, unsigned int flags)') as (
  address: Uint8Array,
  length: number,
  flags: number,
) => number;

export const schedSetscheduler = libc.func(
  'int sched_setscheduler(int thread, int policy, const uint8_t *parameters)',
) as (thread: number, policy: number, parameters: Uint8Array) => number;

export const capget = libc.func('int capget(uint8_t *header, uint8_t *data)') as CapabilityCall;
export const capset = libc.func('int capset(uint8_t *header, uint8_t *data)') as CapabilityCall;
type CapabilityCall = (header: Uint8Array, data: Uint8Array) => number;

const prctlNumber = libc.func('int prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)') as (
  option: number,
  ...values: bigint[]
) => number;
const prctlBytes = libc.func('int prctl(int option, const uint8_t *a, uint64_t b, uint64_t c, uint64_t d)') as (
  option: number,
  bytes: Uint8Array,
  ...values: bigint[]
) => number;

/** The first of prctl(2)'s values is a number or an address. */
export function prctl(option: number, first: bigint | Uint8Array, ...others: bigint[]): number {
  return typeof first === 'bigint' ? prctlNumber(option, first, ...others) : prctlBytes(option, first, ...others);
}

// bits/socket.h, asm-generic/socket.h
export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const POLLIN = 1;

/** Of two names for one number, such as EAGAIN and EWOULDBLOCK, the first. */
const NAMES = new Map(
  Object.entries(os.constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** The symbolic name of an error number, for example ENETDOWN. */
function errnoName(number: number): string {
  return NAMES.get(number) ?? `errno ${number}`;
}

/** The symbolic name of this thread's last error. Valid right after the call that failed. */
export function lastErrno(): string {
  return errnoName(koffi.errno());
}

/**
 * @returns `result`, the return value of a system call
 * @throws SyscallError when it says that the call failed
 */
export function check(result: number, syscall: string, what: string): number {
  if (result < 0) throw new SyscallError(syscall, lastErrno(), what);
  return result;
}

/**
 * Where the bytes lie in memory. The address does not keep them alive: hold a reference for as long as the kernel
 * may read them.
 */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** Sets an integer socket option. @returns whether the kernel took it */
export function setOption(fd: number, level: number, name: number, value: number): boolean {
  return setsockopt(fd, level, name, new Uint8Array(new Int32Array([value]).buffer), 4) === 0;
}

/** Marks whatever the socket sends (SO_MARK). @returns what setsockopt returned */
export function setMark(fd: number, mark: number): number {
  return setsockopt(fd, SOL_SOCKET, SO_MARK, new Uint8Array(new Uint32Array([mark]).buffer), 4);
}

/** Sets a time limit on a socket's blocking calls (SO_RCVTIMEO, SO_SNDTIMEO): struct timeval of two longs. */
export function setTimeLimit(fd: number, name: number, milliseconds: number): void {
  const timeval = new BigInt64Array([BigInt(Math.floor(milliseconds / 1000)), BigInt((milliseconds % 1000) * 1000)]);
  check(setsockopt(fd, SOL_SOCKET, name, new Uint8Array(timeval.buffer), 16), 'setsockopt', 'a time limit');
}

/** Asks for a socket buffer of `bytes`: beyond the host's limit with CAP_NET_ADMIN, else as far as the limit goes. */
export function setBufferSize(fd: number, forced: number, plain: number, bytes: number): void {
  if (!setOption(fd, SOL_SOCKET, forced, bytes)) setOption(fd, SOL_SOCKET, plain, bytes);
}
