import { getSystemErrorName } from 'node:util';
import { SyscallError } from '../errors.js';
import { decodeDatagram } from '../kernel/decode.js';
import type { KernelEvent } from '../kernel/events.js';
import { type LinkSocket, RECEIVE_TIME_LIMIT_MS } from '../sys/netlink/link-socket.js';
import { privileged } from '../sys/process/privileges.js';

/** How often a receive may time out for one answer, 10 s in all: the kernel may have to load a module. */
const PATIENCE = 10_000 / RECEIVE_TIME_LIMIT_MS;

/** Asks the kernel one thing after the other and waits for each answer: for a thread that may. */
export class KernelRequests {
  private seq = 0;

  constructor(private readonly socket: LinkSocket) {}

  /**
   * @param what the request is about, for the error
   * @returns what came before the acknowledgement
   * @throws SyscallError with the kernel's errno, or ETIMEDOUT
   */
  ask(what: string, build: (seq: number) => Uint8Array): KernelEvent[] {
    const seq = ++this.seq;
    privileged(() => this.socket.send(build(seq))); // the kernel looks at the caller's rights within the call
    const events: KernelEvent[] = [];
    for (let waits = 0; waits < PATIENCE;) {
      const datagram = this.socket.receive();
      if (datagram === 'nothing') waits++;
      else if (typeof datagram === 'string') throw new SyscallError('rtnetlink', 'ENOBUFS', what);
      else events.push(...decodeDatagram(datagram));
      for (const event of events) {
        if ((event.type !== 'answer' && event.type !== 'done') || event.seq !== seq) continue;
        if (event.type === 'done' || event.errno === 0) return events;
        throw new SyscallError('rtnetlink', getSystemErrorName(-event.errno), what);
      }
    }
    throw new SyscallError('rtnetlink', 'ETIMEDOUT', what);
  }

  /**
   * As `ask`, where the kernel may refuse with one errno.
   * @param answered called with what came
   * @returns whether it was done; else the kernel refused so
   * @throws SyscallError with any other errno
   */
  wasDone(
    errno: string,
    what: string,
    build: (seq: number) => Uint8Array,
    answered: (events: readonly KernelEvent[]) => void = () => undefined,
  ): boolean {
    try {
      answered(this.ask(what, build));
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.errno === errno) return false;
      throw error;
    }
  }

  close(): void {
    this.socket.close();
  }
}
