import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SyscallError } from '../../errors.js';

/** How a file is read. */
interface ReadOptions {
  /** What is read, for the message of an error; the file's path when left out. */
  readonly what?: string;
  /** Flags of open(2) beside O_RDONLY and O_NONBLOCK. */
  readonly flags?: number;
}

/**
 * Reads a file whole. Never waits for the writer of a pipe.
 * @param limit in bytes
 * @throws SyscallError for example ENOENT; EISDIR for a folder, EINVAL for a pipe, EFBIG when the file is longer
 */
export function readBounded(file: string, limit: number, options: ReadOptions = {}): Promise<Buffer> {
  const { what = file, flags = 0 } = options;
  return orSyscallError(what, async () => {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    try {
      const stat = await handle.stat();
      // /dev/null is as good as an empty file.
      if (!stat.isFile() && !stat.isCharacterDevice()) {
        throw new SyscallError('read', stat.isDirectory() ? 'EISDIR' : 'EINVAL', what);
      }
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of handle.createReadStream({ end: limit, autoClose: false }) as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        length += chunk.length;
      }
      if (length > limit) throw new SyscallError('read', 'EFBIG', what);
      return Buffer.concat(chunks, length);
    } finally {
      await handle.close();
    }
  });
}

/** @returns what `read` gives; null when there is no such file */
export async function nullIfMissing<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof SyscallError && error.errno === 'ENOENT') return null;
    throw error;
  }
}

/** Has Node's errors of system calls come as SyscallErrors. @param what was tried, for their message */
export async function orSyscallError<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw asSyscallError(error, what);
  }
}

/** Node's error of a system call as a SyscallError; every other error as it is. */
export function asSyscallError(error: unknown, what: string): unknown {
  const { code, syscall = 'read' } = error as NodeJS.ErrnoException;
  const isOfNode = !(error instanceof SyscallError) && code !== undefined;
  return isOfNode ? new SyscallError(syscall, code, what) : error;
}
