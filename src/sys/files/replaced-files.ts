import { accessSync, constants, statSync } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SyscallError } from '../../errors.js';
import { asSyscallError, nullIfMissing, orSyscallError, readBounded } from './read-files.js';

/** A file that is read once and replaced as a whole. */
export interface StateFile {
  /** Where it is, for messages. */
  readonly path: string;
  /** @returns null when there is none, 'too-large' when it has more than `limit` bytes. @throws SyscallError */
  read(limit: number): Promise<Uint8Array | 'too-large' | null>;
  /** Replaces the file: after a crash it is the old one or the new one, never a part. @throws SyscallError */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** @returns the journal beside it; null when there is none. @throws SyscallError */
  readJournal(limit: number): Promise<Uint8Array | 'too-large' | null>;
  /** Begins a journal in the place of the one before; null: there is to be none. @throws SyscallError */
  beginJournal(head: string | null): Promise<void>;
  /** Adds to the journal, which may be torn at its end when that fails. @throws SyscallError, also when it is not there */
  append(parts: readonly Uint8Array[]): Promise<void>;
  /** Renames the file, so that a person may look at it. @returns its new path. @throws SyscallError */
  setAside(reason: string): Promise<string>;
}

/** `state.json` in a folder that need not be there yet, and beside it `state.journal`. Nobody but the daemon's user may read them. */
export function stateFileIn(folder: string): StateFile {
  const file = join(folder, 'state.json');
  const journal = join(folder, 'state.journal');
  const what = `the state file ${file}`;
  const writing = <T>(act: () => Promise<T>): Promise<T> => orSyscallError(`writing ${journal}`, act);
  return {
    path: file,
    read: (limit) => readWhole(file, limit, `reading ${what}`),
    readJournal: (limit) => readWhole(journal, limit, `reading ${journal}`),
    beginJournal: (head) =>
      writing(async () => {
        await rm(journal, { force: true }); // with whatever owner and mode
        if (head !== null) await writeFile(journal, head, { flag: 'wx', mode: 0o600 });
      }),
    // Nothing waits for the disk: after a crash of the host the state is of another boot.
    append: (parts) => writing(() => appendTo(journal, parts)),
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

function readWhole(file: string, limit: number, what: string): Promise<Uint8Array | 'too-large' | null> {
  return nullIfMissing(readBounded(file, limit, { what })).catch((error: unknown) => {
    if (error instanceof SyscallError && error.errno === 'EFBIG') return 'too-large';
    throw error;
  });
}

/** Adds to a file that is there. @throws NodeJS.ErrnoException */
async function appendTo(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
  try {
    for (const part of parts) await handle.writeFile(part);
  } finally {
    await handle.close();
  }
}

/** The kernel's name of this boot. @throws SyscallError */
export async function readBootId(): Promise<string> {
  const file = '/proc/sys/kernel/random/boot_id';
  return (await readBounded(file, 64, { what: `reading ${file}` })).toString().trim();
}

/** A file that another program reads while we replace it. */
export interface SharedFile {
  readonly path: string;
  /** Replaces the file: who reads it sees the old one or the new one, never a part. @throws SyscallError */
  write(text: string): Promise<void>;
  /** Removes it, and what a crash may have left beside it. @throws SyscallError */
  remove(): Promise<void>;
}

/**
 * A file in a folder that must be there. Its temporary twin has a name that no glob of `*.prom` finds. Nothing waits for
 * the disk: after a crash of the host nobody needs it.
 */
export function sharedFileAt(path: string): SharedFile {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const mode = 0o644; // the node exporter runs as another user
  return {
    path,
    write: (text) =>
      orSyscallError(`writing ${path}`, () => replaceFile(path, [text], { temporary, mode, sync: false })),
    remove: () =>
      orSyscallError(`writing ${path}`, async () => {
        for (const file of [temporary, path]) await rm(file, { force: true });
      }),
  };
}

/**
 * Looks whether a shared file could be written there by who runs this, and writes nothing.
 * @throws SyscallError for example ENOENT, ENOTDIR, EACCES or EROFS of its folder; EISDIR when there is a folder of its name
 */
export function mustBeWritable(path: string): void {
  try {
    accessSync(`${dirname(path)}/`, constants.W_OK | constants.X_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new SyscallError('rename', 'EISDIR', path);
  } catch (error) {
    throw asSyscallError(error, path);
  }
}

/**
 * Replaces a file: who reads it sees the old one or the new one, never a part. The new file takes no room when that fails.
 * @param temporary in the same folder; must be nobody else's
 * @param mode of the new file, whatever the umask is
 * @param sync whether a crash of the host must leave the old file or the new one, never a part
 * @throws NodeJS.ErrnoException
 */
async function replaceFile(
  file: string,
  parts: readonly (Uint8Array | string)[],
  { temporary, mode, sync }: { readonly temporary: string; readonly mode: number; readonly sync: boolean },
): Promise<void> {
  await rm(temporary, { force: true }); // left behind by a crash, with whatever owner and mode
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      for (const part of parts) await handle.writeFile(part);
      if (sync) await handle.sync(); // or the rename may reach the disk before the bytes
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // it takes room on a disk that is full
    throw error;
  }
}
