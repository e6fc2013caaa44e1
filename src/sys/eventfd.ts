import { SyscallError } from '../errors.js';
import * as libc from './libc.js';

// sys/eventfd.h
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const CLOSED = -1;

/** An eventfd(2): a descriptor that one thread polls and another makes readable. */
export class Eventfd {
  private descriptor: number;

  /** @throws SyscallError */
  constructor() {
    this.descriptor = libc.check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd', 'an eventfd');
  }

  /** For the thread that polls it. */
  get fd(): number {
    return this.descriptor;
  }

  /** Makes it readable until `drainEventfd`. */
  signal(): void {
    if (this.descriptor !== CLOSED) libc.write(this.descriptor, new Uint8Array(new BigUint64Array([1n]).buffer), 8);
  }

  /** To be called when no thread polls it any more. */
  close(): void {
    if (this.descriptor !== CLOSED) libc.close(this.descriptor);
    this.descriptor = CLOSED;
  }
}

/** Makes an eventfd unreadable until it is signalled again. */
export function drainEventfd(fd: number): void {
  libc.read(fd, new Uint8Array(8), 8);
}

// struct pollfd (poll.h): s32 fd, s16 events, s16 revents
const POLLFD_BYTES = 8;

/**
 * Stops this thread until one of the descriptors can be read or has an error, at most so long.
 * @returns those descriptors
 * @throws SyscallError
 */
export function waitForAny(descriptors: readonly number[], milliseconds: number): number[] {
  const bytes = new Uint8Array(new ArrayBuffer(POLLFD_BYTES * Math.max(descriptors.length, 1)));
  const words = new Int32Array(bytes.buffer);
  const halves = new Int16Array(bytes.buffer);
  descriptors.forEach((fd, i) => {
    words[2 * i] = fd;
    halves[4 * i + 2] = libc.POLLIN;
  });
  if (libc.poll(bytes, descriptors.length, milliseconds) < 0) {
    const errno = libc.lastErrno();
    if (errno === 'EINTR') return [];
    throw new SyscallError('poll', errno, 'the listening sockets');
  }
  return descriptors.filter((_, i) => halves[4 * i + 3] !== 0);
}
