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
