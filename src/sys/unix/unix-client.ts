import net from 'node:net';
import { ControlSocketError } from '../../errors.js';
import { LineReader } from './line-reader.js';

/** What a client puts up with. */
interface UnixClientLimits {
  readonly answerBytes: number;
  /** So long nothing may come: a server that is at work says so with spaces. */
  readonly silentSeconds: number;
}

/**
 * Sends one line to the unix socket at `path`.
 * @returns the line that comes back
 * @throws ControlSocketError when nobody answers, or not in time
 */
export function askUnix(
  path: string,
  line: string,
  { answerBytes, silentSeconds }: UnixClientLimits,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
      socket.destroy();
    };
    const fail = (errno: string): void => end(() => reject(new ControlSocketError(errno, `${path}: ${errno}`)));
    const timer = setTimeout(() => fail('ETIMEDOUT'), silentSeconds * 1000);
    const reader = new LineReader(answerBytes);
    socket.on('connect', () => socket.write(line));
    socket.on('data', (bytes) => {
      timer.refresh();
      const answer = reader.add(bytes);
      if (answer) end(() => resolve(answer));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'EIO'));
    socket.on('close', () => fail('ECONNRESET')); // of no effect once there was an answer
  });
}
