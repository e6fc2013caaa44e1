import { type BigIntStats, closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { SyscallError } from '../../errors.js';
import { asSyscallError } from './read-bounded.js';

/** A file with certificates or settings is at most so long. */
const SMALL_FILE_BYTES = 256 * 1024;

/**
 * Reads a small file at once, without leaving the event loop's turn: for files of this host that are read seldom.
 * @throws SyscallError when it cannot be read; EFBIG when it is longer than `SMALL_FILE_BYTES`, EINVAL when it is none
 */
export function readSmallFile(path: string): Buffer {
  try {
    // A pipe in its place must not make us wait for a writer.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new SyscallError('read', stat.isDirectory() ? 'EISDIR' : 'EINVAL', path);
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
