import * as libc from './libc.js';

// sys/eventfd.h
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const CLOSED = -1;

/** A descriptor by which one thread ends the waiting of another: it can be read from when it was rung (eventfd(2)). */
export class Bell {
  private descriptor: number;

  /** @throws SyscallError */
  constructor() {
    this.descriptor = libc.check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd', 'a bell');
  }

  /** For the thread that waits, and its `quieten`. */
  get fd(): number {
    return this.descriptor;
  }

  ring(): void {
    if (this.descriptor !== CLOSED) libc.write(this.descriptor, new Uint8Array(new BigUint64Array([1n]).buffer), 8);
  }

  /** When nobody waits any more. */
  close(): void {
    if (this.descriptor !== CLOSED) libc.close(this.descriptor);
    this.descriptor = CLOSED;
  }
}

/** Has a bell that was rung be silent until it is rung again. */
export function quieten(fd: number): void {
  libc.read(fd, new Uint8Array(8), 8);
}
