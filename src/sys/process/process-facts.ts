import { readFile } from 'node:fs/promises';
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
      unit: field('PPid') === '1' ? unitOf(cgroup ?? '') : null,
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

/** cgroups(7): lines of ID:CONTROLLERS:PATH; systemd names the folder of a service after it. */
function unitOf(cgroup: string): string | null {
  return /\/([^/\n]+\.service)$/m.exec(cgroup)?.[1] ?? null;
}
