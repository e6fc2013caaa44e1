import os from 'node:os';
import koffi from 'koffi';
import { SyscallError } from '../errors.js';

/** The C library's calls on sockets and memory, and nothing else of it. Each returns what the system call returned. */
const libc = koffi.load(null);

/** @param prototype in C; its arguments have the types A */
function call<A extends unknown[]>(prototype: string): (...values: A) => number {
  return libc.func(prototype);
}

export const socket = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
export const bind = call<[number, Uint8Array, number]>('int bind(int fd, const uint8_t *address, uint32_t length)');
export const connect = call<[number, Uint8Array, number]>(
  'int connect(int fd, const uint8_t *address, uint32_t length)',
);
export const setsockopt = call<[number, number, number, Uint8Array, number]>(
  'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)',
);
export const getsockopt = call<[number, number, number, Uint8Array, Uint32Array]>(
  'int getsockopt(int fd, int level, int name, uint8_t *value, uint32_t *length)',
);
export const getsockname = call<[number, Uint8Array, Uint32Array]>(
  'int getsockname(int fd, uint8_t *address, uint32_t *length)',
);
export const recvfrom = call<[number, Uint8Array, number, number, Uint8Array, Uint32Array]>(
  'long recvfrom(int fd, uint8_t *buffer, size_t length, int flags, uint8_t *address, uint32_t *address_length)',
);
export const recvmmsg = call<[number, bigint, number, number, null]>(
  'int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)',
);
export const send = call<[number, Uint8Array, number, number]>(
  'long send(int fd, const uint8_t *buffer, size_t length, int flags)',
);
export const sendto = call<[number, Uint8Array, number, number, Uint8Array, number]>(
  'long sendto(int fd, const uint8_t *buffer, size_t length, int flags, const uint8_t *address, uint32_t address_length)',
);
export const sendmmsg = call<[number, bigint, number, number]>(
  'int sendmmsg(int fd, void *messages, unsigned int count, int flags)',
);
export const poll = call<[Uint8Array, number, number]>(
  'int poll(uint8_t *descriptors, unsigned long count, int milliseconds)',
);
export const eventfd = call<[number, number]>('int eventfd(unsigned int count, int flags)');
export const read = call<[number, Uint8Array, number]>('long read(int fd, uint8_t *buffer, size_t length)');
export const write = call<[number, Uint8Array, number]>('long write(int fd, const uint8_t *buffer, size_t length)');
export const close = call<[number]>('int close(int fd)');

/**
 * Loads a library, and opens its symbols to whatever is loaded later.
 * @param names of the same library; the first that is there is taken
 * @throws Error that names them when none is there
 */
export function loadForOthers(names: readonly string[]): void {
  const isLoaded = names.some((name) => {
    try {
      return koffi.load(name, { global: true });
    } catch {
      return false; // of a class of its own, and without the name of the library
    }
  });
  if (!isLoaded) throw new Error(`there is no ${names.join(' or ')}`);
}

/** For calls that the C library has no function for: their number, and up to three arguments. */
export const syscall = call<[number, number, Uint8Array, number]>(
  'long syscall(long number, long first, uint8_t *second, long third)',
);

export const clockGetres = call<[number, Uint8Array]>('int clock_getres(int clock, uint8_t *resolution)');

/** Since Linux 4.4 and glibc 2.27. */
export const mlock2 = call<[Uint8Array, number, number]>(
  'int mlock2(const uint8_t *address, size_t length, unsigned int flags)',
);
export const schedSetscheduler = call<[number, number, Uint8Array]>(
  'int sched_setscheduler(int thread, int policy, const uint8_t *parameters)',
);
export const capget = call<[Uint8Array, Uint8Array]>('int capget(uint8_t *header, uint8_t *data)');
export const capset = call<[Uint8Array, Uint8Array]>('int capset(uint8_t *header, uint8_t *data)');

const prctlNumber = call<[number, ...bigint[]]>(
  'int prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)',
);
const prctlBytes = call<[number, Uint8Array, ...bigint[]]>(
  'int prctl(int option, const uint8_t *a, uint64_t b, uint64_t c, uint64_t d)',
);

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
export const SO_MARK = 36;
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

/** The symbolic name of this thread's last error, for example ENETDOWN. Valid right after the call that failed. */
export function lastErrno(): string {
  const number = koffi.errno();
  return NAMES.get(number) ?? `errno ${number}`;
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

/** Sets an integer socket option. @returns what setsockopt returned */
export function setOption(fd: number, level: number, name: number, value: number): number {
  return setsockopt(fd, level, name, new Uint8Array(new Int32Array([value]).buffer), 4);
}

/** Reads a socket option that is a structure of so many words of 32 bits. @returns null when that fails */
export function getOption(fd: number, level: number, name: number, count: number): Uint32Array | null {
  const words = new Uint32Array(new ArrayBuffer(4 * count));
  const result = getsockopt(fd, level, name, new Uint8Array(words.buffer), Uint32Array.of(4 * count));
  return result < 0 ? null : words;
}

/** Sets a time limit on a socket's blocking calls (SO_RCVTIMEO, SO_SNDTIMEO): struct timeval of two longs. */
export function setTimeLimit(fd: number, name: number, milliseconds: number): void {
  const timeval = new BigInt64Array([BigInt(Math.floor(milliseconds / 1000)), BigInt((milliseconds % 1000) * 1000)]);
  check(setsockopt(fd, SOL_SOCKET, name, new Uint8Array(timeval.buffer), 16), 'setsockopt', 'a time limit');
}

/** Asks for a socket buffer of `bytes`: beyond the host's limit with CAP_NET_ADMIN, else as far as the limit goes. */
export function setBufferSize(fd: number, forced: number, plain: number, bytes: number): void {
  if (setOption(fd, SOL_SOCKET, forced, bytes) < 0) setOption(fd, SOL_SOCKET, plain, bytes);
}
