import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Whose rights count. */
export interface Reader {
  readonly uid: number;
  readonly groups: readonly number[];
  readonly capabilities: ReadonlySet<string>;
}

// sys/stat.h, in the place of others
const MAY_READ = 4;
const MAY_SEARCH = 1;

/**
 * What keeps a process from reading the files of a folder, by owner, group and mode alone: not what an ACL allows or its
 * sandbox forbids.
 * @returns the first file or folder that it may not read; null: it may read all, or the folder is not there
 * @throws NodeJS.ErrnoException when we may not look ourselves
 */
export async function firstUnreadable(folder: string, suffix: string, reader: Reader): Promise<string | null> {
  if (reader.capabilities.has('CAP_DAC_OVERRIDE') || reader.capabilities.has('CAP_DAC_READ_SEARCH')) return null;
  for (const step of ancestors(folder)) {
    const wanted = step === folder ? MAY_READ | MAY_SEARCH : MAY_SEARCH;
    const may = await mayAccess(step, wanted, reader);
    if (may === null) return null;
    if (!may) return step;
  }
  for (const name of (await readdir(folder)).filter((each) => each.endsWith(suffix)).sort()) {
    const file = path.join(folder, name);
    if ((await mayAccess(file, MAY_READ, reader)) === false) return file;
  }
  return null;
}

/** `/`, `/run`, `/run/libvirt`, ... */
function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [...ancestors(parent), folder];
}

/** @returns null when there is no such file */
async function mayAccess(file: string, wanted: number, { uid, groups }: Reader): Promise<boolean | null> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stats === null) return null;
  const shift = stats.uid === uid ? 6 : groups.includes(stats.gid) ? 3 : 0; // path_resolution(7): the first that fits
  return ((stats.mode >> shift) & wanted) === wanted;
}
