import net from 'node:net';
import { ControlSocketError } from '../../errors.js';

/**
 * Sends one line to the unix socket at `path`.
 * @param silentSeconds so long nothing may come: a server that is at work says so with spaces
 * @returns the line that comes back, or its beginning when it is longer than `answerBytes`
 * @throws ControlSocketError when nobody answers, or not in time
 */
export function askUnix(
  path: string,
  line: string,
  { answerBytes, silentSeconds }: { readonly answerBytes: number; readonly silentSeconds: number },
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

const NEWLINE = 0x0a;

/** Collects bytes up to the first newline; what comes behind it is passed over. Holds little more than `limit` bytes. */
export class LineReader {
  private readonly parts: Buffer[] = [];
  private length = 0;

  constructor(private readonly limit: number) {}

  /** @returns the line, or what there is of it once it is longer than `limit`; null while there is more to come */
  add(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(NEWLINE);
    const part = end < 0 ? bytes : bytes.subarray(0, end);
    this.parts.push(part);
    this.length += part.length;
    return end < 0 && this.length <= this.limit ? null : Buffer.concat(this.parts);
  }
}
