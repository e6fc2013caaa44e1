import { addressOf } from '../sys/libc.js';
import type { PacketSender } from '../sys/packets/packet-sender.js';
import { controlWords, COUNT, EDITION, IDLE, MESSAGE_BYTES, messagesAt, PUBLISHED, SENDING } from './batch-memory.js';

/** What became of a burst. Every frame is in `sent` or in `errors`. */
export interface BurstOutcome {
  /** Frames that the kernel took. */
  readonly sent: number;
  /** Frames that it refused, by the symbolic errno. */
  readonly errors: Readonly<Record<string, number>>;
}

/** How many frames the kernel refused. */
export function refusedIn({ errors }: BurstOutcome): number {
  return Object.values(errors).reduce((sum, frames) => sum + frames, 0);
}

/** sendmmsg(2) takes no more in one call (net/socket.c, UIO_MAXIOV). */
const FRAMES_PER_CALL = 1024;

/** A full queue: it drains, so the same frame is tried again. */
const PASSING = new Set(['ENOBUFS', 'EINTR', 'ENOMEM']);

/** The device cannot send at all: the rest would fail as well. */
const FINAL = new Set(['ENETDOWN', 'ENODEV', 'ENXIO', 'EBADF', 'EPERM']);

/** How often a frame is tried while the queue does not drain, with a pause between. */
export const MAX_TRIES = 50;

/**
 * What an errno of sendmmsg(2) says: the same frame may be tried again, the rest would fail as well, or this one frame
 * is refused. EAGAIN of a socket that does not wait is a full queue; of one that waits, that its time limit is over.
 */
export function judgeErrno(errno: string, waits: boolean): 'again' | 'rest' | 'one' {
  if (PASSING.has(errno) || (errno === 'EAGAIN' && !waits)) return 'again';
  return FINAL.has(errno) || errno === 'EAGAIN' ? 'rest' : 'one';
}

/**
 * Sends ready-made frames in as few system calls as the kernel takes, and goes on where it stopped.
 * @param messages address of the first of `count` struct mmsghdr, kept alive by the caller
 * @param errors where refused frames are added, by errno
 */
export function sendBurst(
  sender: PacketSender,
  messages: bigint,
  count: number,
  pause: () => void,
  errors: Record<string, number> = {},
): BurstOutcome {
  let next = 0;
  let sent = 0;
  let tries = 0;
  while (next < count) {
    const frames = Math.min(count - next, FRAMES_PER_CALL);
    const taken = sender.send(messages + BigInt(next * MESSAGE_BYTES), frames) || 'EAGAIN';
    if (typeof taken === 'number') {
      next += taken;
      sent += taken;
      tries = 0;
    } else if (judgeErrno(taken, true) === 'again' && ++tries < MAX_TRIES) {
      pause();
    } else {
      const refused = judgeErrno(taken, true) === 'one' ? 1 : count - next;
      errors[taken] = (errors[taken] ?? 0) + refused;
      next += refused;
      tries = 0;
    }
  }
  return { sent, errors };
}

/** The failover thread's side of a batch. */
export class BatchReader {
  private readonly control: Int32Array;
  /** The address of each generation's first struct mmsghdr. */
  private readonly messages: readonly [bigint, bigint];

  constructor(memory: SharedArrayBuffer, capacity: number) {
    this.control = controlWords(memory); // and keeps the memory alive, which the kernel reads
    const base = addressOf(new Uint8Array(memory));
    const at = (generation: number): bigint => base + BigInt(messagesAt(generation, capacity));
    this.messages = [at(0), at(1)];
  }

  /**
   * Calls `use` with the frames published last, which nobody changes until it returns.
   * @param use takes the address of the first struct mmsghdr, how many there are, and the number of the publication
   */
  read<T>(use: (messages: bigint, count: number, edition: number) => T): T {
    const generation = this.acquire();
    try {
      const messages = this.messages[generation === 0 ? 0 : 1];
      const count = Atomics.load(this.control, COUNT + generation);
      return use(messages, count, Atomics.load(this.control, EDITION + generation));
    } finally {
      Atomics.store(this.control, SENDING, IDLE);
    }
  }

  /** Claims the published generation; the owner may publish another one between our look and our claim. */
  private acquire(): number {
    for (;;) {
      const generation = Atomics.load(this.control, PUBLISHED);
      Atomics.store(this.control, SENDING, generation);
      if (Atomics.load(this.control, PUBLISHED) === generation) return generation;
    }
  }
}
