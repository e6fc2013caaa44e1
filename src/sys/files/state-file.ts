import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SyscallError } from '../../errors.js';

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
    read: (limit) => orSyscallError(`reading ${what}`, () => read(file, limit)),
    write: (parts) => orSyscallError(`writing ${what}`, () => replace(folder, file, parts)),
    setAside: (reason) =>
      orSyscallError(`setting aside ${what}`, async () => {
        await rename(file, `${file}.bad-${reason}`);
        return `${file}.bad-${reason}`;
      }),
  };
}

/** The kernel's name of this boot. @throws SyscallError */
export function readBootId(): Promise<string> {
  const file = '/proc/sys/kernel/random/boot_id';
  return orSyscallError(`reading ${file}`, async () => (await readFile(file, 'utf8')).trim());
}

async function read(file: string, limit: number): Promise<Uint8Array | 'too-large' | null> {
  // A pipe in its place must not make us wait for a writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(nullIfMissing);
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    return size > limit ? 'too-large' : await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function replace(folder: string, file: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${file}.new`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(temporary, { force: true }); // left behind by a crash, with whatever owner and mode
  try {
    await writeWhole(temporary, parts);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // it takes room on a disk that is full
    throw error;
  }
}

async function writeWhole(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync(); // or the rename may reach the disk before the bytes
  } finally {
    await handle.close();
  }
}

function nullIfMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

async function orSyscallError<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    const code = codeOf(error);
    throw code === undefined ? error : new SyscallError(syscall ?? 'read', code, what);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
