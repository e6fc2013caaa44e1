import { open, rename, rm } from 'node:fs/promises';

/** How a file is replaced. */
interface Replacing {
  /** In the same folder; must be nobody else's. */
  readonly temporary: string;
  /** Of the new file, whatever the umask is. */
  readonly mode: number;
  /** Whether a crash of the host must leave the old file or the new one, never a part. */
  readonly sync: boolean;
}

/**
 * Replaces a file: who reads it sees the old one or the new one, never a part. The new file takes no room when that fails.
 * @throws NodeJS.ErrnoException
 */
export async function replaceFile(
  file: string,
  parts: readonly (Uint8Array | string)[],
  { temporary, mode, sync }: Replacing,
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
