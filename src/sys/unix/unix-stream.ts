import net from 'node:net';
import { SyscallError } from '../../errors.js';

/** A connection to a unix socket that stays. */
export interface UnixStream {
  /** Sends a text, or bytes. One who does not read it loses the connection. */
  write(text: string | Uint8Array): void;
  /** Ends it; nothing more is told of it. */
  close(): void;
}

/** Who is told what comes. */
export interface StreamListener {
  /** Bytes, cut anywhere, 64 KiB at most at a time. */
  data(bytes: Uint8Array): void;
  /** Called once when the other side ends it, with the error if there was one. */
  closed(error: SyscallError | null): void;
}

/** How much may wait for the other side to read it. */
const UNSENT_BYTES = 1 << 20;

/**
 * Connects to the unix socket at `path`.
 * @throws SyscallError (by rejecting) when nobody listens there, or we may not connect: ENOENT, ECONNREFUSED, EACCES
 */
export function openUnixStream(
  path: string,
  listener: StreamListener,
  unsentBytes = UNSENT_BYTES,
): Promise<UnixStream> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    let failure: SyscallError | null = null;
    let ended = false;
    const stream: UnixStream = {
      write(text) {
        socket.write(text);
        if (socket.writableLength <= unsentBytes) return;
        failure ??= new SyscallError('write', 'ENOBUFS', path);
        socket.destroy();
      },
      close() {
        ended = true;
        socket.destroy();
      },
    };
    socket.on('connect', () => resolve(stream));
    socket.on('error', ({ syscall = 'connect', code = 'EIO' }: NodeJS.ErrnoException) => {
      failure ??= new SyscallError(syscall, code, path);
      reject(failure); // of no effect once it is connected
    });
    socket.on('data', (bytes) => ended || listener.data(bytes));
    socket.on('close', () => {
      if (!ended) listener.closed(failure);
      ended = true;
    });
  });
}
