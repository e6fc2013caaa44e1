import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { startHerald } from './herald.js';
import { addGuests } from './macs.js';
import type { Idle } from './results.js';

/** Until the lab is at rest; and until the daemon is, whose first collection of garbage at rest falls 13 to 29 s after its start. */
const SETTLE_SECONDS = { alone: 5, guests: 30 };

/**
 * What the daemon takes when nothing happens. The processor time is for whoever hears the marks to measure, once
 * without the daemon and once with it: see processor-share.ts.
 */
export async function idle(guests: number, seconds: number, mark: (name: string) => void): Promise<Idle> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  const rest = async (what: keyof typeof SETTLE_SECONDS): Promise<void> => {
    await sleep(SETTLE_SECONDS[what] * 1000);
    mark(`${guests} ${what} begin`);
    await sleep(seconds * 1000);
    mark(`${guests} ${what} end`);
  };
  try {
    await addGuests(guests);
    await rest('alone');
    const daemon = await startHerald(lab, guests);
    await rest('guests');
    const [megabytes, ownMegabytes] = [memoryOf(daemon.pid, 'VmRSS'), memoryOf(daemon.pid, 'RssAnon')];
    return { guests, megabytes, ownMegabytes, cpuPercent: NaN, seconds };
  } finally {
    await lab.destroy();
  }
}

/** A kind of resident memory in MB (10^6 bytes). */
export function memoryOf(pid: number, kind: 'VmRSS' | 'RssAnon'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = Number(new RegExp(`^${kind}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return (kibibytes * 1024) / 1e6;
}
