import type { PacketSender } from '../sys/packets/packet-sender.js';
import { MESSAGE_BYTES } from './batch-layout.js';

/** What became of a burst. Every frame is in `sent` or in `errors`. */
export interface BurstOutcome {
  /** Frames that the kernel took. */
  readonly sent: number;
  /** Frames that it refused, by the symbolic errno. */
  readonly errors: Readonly<Record<string, number>>;
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
 * @param pause waits about a millisecond for a queue to drain
 */
export function sendBurst(sender: PacketSender, messages: bigint, count: number, pause: () => void): BurstOutcome {
  const errors: Record<string, number> = {};
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
