import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process holds. */
export interface Vitals {
  descriptors: number;
  threads: number;
  /** Resident memory, in MiB. */
  memory: number;
}

/** Of a process that runs. */
export function vitalsOf(pid: number): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: figure('Threads'),
    memory: figure('VmRSS') / 1024,
  };
}

/** What each descriptor is, to tell which one is too many; less the one by which Node watches all folders, once there is one. Sorted. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const kinds = readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).replace(/\d+/g, '');
    } catch {
      return 'closed meanwhile';
    }
  });
  return kinds.filter((kind) => kind !== 'anon_inode:inotify').sort();
}

/** Those that stay: neither a file that is just being written, nor the connection of an answer that is over. */
export async function fewestDescriptors(pid: number): Promise<string[]> {
  let fewest = descriptorsOf(pid);
  for (let n = 0; n < 10; n++) {
    await sleep(50);
    const now = descriptorsOf(pid);
    if (now.length < fewest.length) fewest = now;
  }
  return fewest;
}

/** The thread of that name (15 bytes at most), by its id. Throws if the process has none. */
export function threadNamed(pid: number, name: string): number {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  const found = threads.find((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim() === name);
  if (found === undefined) throw new Error(`process ${pid} has no thread ${name}`);
  return found;
}

export function inWords({ descriptors, threads, memory }: Vitals): string {
  return `${descriptors} descriptors, ${threads} threads, ${memory.toFixed(0)} MiB`;
}
