import { SyscallError } from '../errors.js';
import * as libc from './libc.js';

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
