import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { SyscallError } from '../../errors.js';
import { nullIfMissing, orSyscallError, readBounded } from './read-bounded.js';
import { replaceFile } from './replace-file.js';

/** A file that is read once and replaced as a whole. */
export interface StateFile {
  /** Where it is, for messages. */
  readonly path: string;
  /** @returns null when there is none, 'too-large' when it has more than `limit` bytes. @throws SyscallError */
  read(limit: number): Promise<Uint8Array | 'too-large' | null>;
  /** Replaces the file: after a crash it is the old one or the new one, never a part. @throws SyscallError */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Renames the file, so that a person may look at it. @returns its new path. @throws SyscallError */
  setAside(reason: string): Promise<string>;
}

/** `state.json` in a folder that need not be there yet. Nobody but the daemon's user may read it. */
export function stateFileIn(folder: string): StateFile {
  const file = path.join(folder, 'state.json');
  const what = `the state file ${file}`;
  return {
    path: file,
    read: (limit) => read(file, limit, `reading ${what}`),
    write: (parts) =>
      orSyscallError(`writing ${what}`, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await replaceFile(file, parts, { temporary: `${file}.new`, mode: 0o600, sync: true });
      }),
    setAside: (reason) =>
      orSyscallError(`setting aside ${what}`, async () => {
        await rename(file, `${file}.bad-${reason}`);
        return `${file}.bad-${reason}`;
      }),
  };
}

/** The kernel's name of this boot. @throws SyscallError */
export async function readBootId(): Promise<string> {
  const file = '/proc/sys/kernel/random/boot_id';
  return (await readBounded(file, 64, { what: `reading ${file}` })).toString().trim();
}

async function read(file: string, limit: number, what: string): Promise<Uint8Array | 'too-large' | null> {
  try {
    return await nullIfMissing(readBounded(file, limit, { what }));
  } catch (error) {
    if (error instanceof SyscallError && error.errno === 'EFBIG') return 'too-large';
    throw error;
  }
}
