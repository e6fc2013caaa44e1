import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CAPABILITIES } from './privileges.js';

/** What a process may do, and how it came to be; as far as /proc tells everybody. */
export interface ProcessFacts {
  readonly pid: number;
  readonly uid: number;
  readonly groups: readonly number[];
  /** The effective ones of those that matter here, such as CAP_NET_RAW. */
  readonly capabilities: ReadonlySet<string>;
  /** Soft RLIMIT_RTPRIO. */
  readonly realtimePriority: number;
  /** Soft RLIMIT_MEMLOCK in bytes, Infinity for none. */
  readonly lockedMemory: number;
  /** The systemd service whose own process it is, not one that was started from it; null: none. */
  readonly unit: string | null;
  readonly argv: readonly string[];
}

/** Reads what /proc says of a process (proc(5)). @returns null when it is gone, or hidden from us */
export async function readProcess(pid: number | 'self'): Promise<ProcessFacts | null> {
  try {
    const [status, limits, cgroup, argv] = await Promise.all(
      ['status', 'limits', 'cgroup', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
    );
    const field = fieldsOf(status ?? '');
    return {
      pid: Number(field('Pid')),
      uid: Number(field('Uid').split(/\s+/)[1]), // real, effective, ...
      groups: [field('Gid').split(/\s+/)[1] ?? '', ...field('Groups').split(/\s+/)].filter(Boolean).map(Number),
      capabilities: capabilitiesOf(field('CapEff')),
      realtimePriority: limitOf(limits ?? '', 'Max realtime priority'),
      lockedMemory: limitOf(limits ?? '', 'Max locked memory'),
      // cgroups(7): lines of ID:CONTROLLERS:PATH; systemd names the folder of a service after it
      unit: (field('PPid') === '1' && /\/([^/\n]+\.service)$/m.exec(cgroup ?? '')?.[1]) || null,
      argv: (argv ?? '').split('\0').slice(0, -1),
    };
  } catch {
    return null;
  }
}

/** Lines of `NAME:\tVALUE`. */
function fieldsOf(status: string): (name: string) => string {
  const fields = new Map(status.split('\n').map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)]));
  return (name) => fields.get(name)?.trim() ?? '';
}

function capabilitiesOf(mask: string): Set<string> {
  const bits = BigInt(`0x${mask || '0'}`);
  const names = Object.entries(CAPABILITIES).filter(([, bit]) => (bits >> BigInt(bit)) & 1n);
  return new Set(names.map(([name]) => name));
}

/** A soft limit of /proc/PID/limits, whose columns are as wide as their names need; 0 when it is not there. */
function limitOf(limits: string, name: string): number {
  const line = limits.split('\n').find((each) => each.startsWith(name));
  const [soft] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  return soft === 'unlimited' ? Infinity : Number(soft ?? 0);
}

/** Whose rights count. */
export type Reader = Pick<ProcessFacts, 'uid' | 'groups' | 'capabilities'>;

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
