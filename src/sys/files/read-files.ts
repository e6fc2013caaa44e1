import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { SyscallError } from '../../errors.js';

/** A pipe in a file's place must not make us wait for a writer. */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Reads a file whole. Never waits for the writer of a pipe.
 * @param limit in bytes
 * @param what is read, for the message of an error
 * @param flags of open(2) beside READ_ONLY
 * @throws SyscallError for example ENOENT; EISDIR for a folder, EINVAL for a pipe, EFBIG when the file is longer
 */
export function readBounded(
  file: string,
  limit: number,
  { what = file, flags = 0 }: { readonly what?: string; readonly flags?: number } = {},
): Promise<Buffer> {
  return orSyscallError(what, async () => {
    const handle = await open(file, READ_ONLY | flags);
    try {
      const stat = await handle.stat();
      // /dev/null is as good as an empty file.
      if (!stat.isFile() && !stat.isCharacterDevice()) throw noFile(stat, what);
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

function noFile(stat: Stats, what: string): SyscallError {
  return new SyscallError('read', stat.isDirectory() ? 'EISDIR' : 'EINVAL', what);
}

/** @returns what `read` gives; null when there is no such file */
export function nullIfMissing<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: unknown) => {
    if (error instanceof SyscallError && error.errno === 'ENOENT') return null;
    throw error;
  });
}

/** Has Node's errors of system calls come as SyscallErrors. @param what was tried, for their message */
export function orSyscallError<T>(what: string, act: () => Promise<T>): Promise<T> {
  return act().catch((error: unknown) => {
    throw asSyscallError(error, what);
  });
}

/** Node's error of a system call as a SyscallError; every other error as it is. */
export function asSyscallError(error: unknown, what: string): unknown {
  const { code, syscall = 'read' } = error as NodeJS.ErrnoException;
  const isOfNode = !(error instanceof SyscallError) && code !== undefined;
  return isOfNode ? new SyscallError(syscall, code, what) : error;
}

/** A file with certificates or settings is at most so long. */
const SMALL_FILE_BYTES = 256 * 1024;

/**
 * Reads a small file at once, without leaving the event loop's turn: for files of this host that are read seldom.
 * @throws SyscallError when it cannot be read; EFBIG when it is longer than `SMALL_FILE_BYTES`, EINVAL when it is none
 */
export function readSmallFile(path: string): Buffer {
  try {
    const descriptor = openSync(path, READ_ONLY);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw noFile(stat, path);
      if (stat.size > SMALL_FILE_BYTES) throw new SyscallError('read', 'EFBIG', path);
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw asSyscallError(error, path);
  }
}

/**
 * What changes whenever one of these files does: when it was written or replaced (by rename, or by a symbolic link that
 * points elsewhere), which file it is and how long. A missing file has its own.
 */
export function stampOf(paths: readonly string[]): string {
  const stats = paths.map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return stats.map((stat) => (stat ? stampOfStats(stat) : 'none')).join('\n');
}

/** The same of one file that is there. */
export function stampOfStats({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
