import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SyscallError } from '../../errors.js';

/**
 * Reads a file that people write, whole.
 * @param limit in bytes; of a longer file one byte more than that is returned
 * @returns null when there is nothing of that name, 'no-file' when it is a folder, a pipe or the like
 * @throws SyscallError when it cannot be read
 */
export async function readConfigFile(path: string, limit: number): Promise<Uint8Array | 'no-file' | null> {
  try {
    // A pipe in its place must not make us wait for a writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      // /dev/null is as good as an empty file; a pipe would give an empty one at one time and a part at another.
      if (!stat.isFile() && !stat.isCharacterDevice()) return 'no-file';
      const bytes = Buffer.alloc(limit + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        ({ bytesRead: read } = await handle.read(bytes, length, bytes.length - length, null));
      }
      return bytes.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw code === undefined ? error : new SyscallError(syscall ?? 'read', code, `reading ${path}`);
  }
}
