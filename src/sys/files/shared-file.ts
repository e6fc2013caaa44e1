import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { orSyscallError } from './read-bounded.js';
import { replaceFile } from './replace-file.js';

/** A file that another program reads while we replace it. */
export interface SharedFile {
  readonly path: string;
  /** Replaces the file: who reads it sees the old one or the new one, never a part. @throws SyscallError */
  write(text: string): Promise<void>;
  /** Removes it, and what a crash may have left beside it. @throws SyscallError */
  remove(): Promise<void>;
}

/** Everyone may read it: the node exporter runs as another user. */
const MODE = 0o644;

/**
 * A file in a folder that must be there. Its temporary twin has a name that no glob of `*.prom` finds. Nothing waits for
 * the disk: after a crash of the host nobody needs it.
 */
export function sharedFileAt(path: string): SharedFile {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const remove = (file: string): Promise<void> => rm(file, { force: true });
  return {
    path,
    write: (text) =>
      orSyscallError(`writing ${path}`, () => replaceFile(path, [text], { temporary, mode: MODE, sync: false })),
    remove: () =>
      orSyscallError(`writing ${path}`, async () => {
        await remove(temporary);
        await remove(path);
      }),
  };
}
