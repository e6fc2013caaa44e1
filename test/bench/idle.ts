import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { startHerald } from './herald.js';
import { addGuests } from './macs.js';
import type { Idle } from './results.js';

/** The kernel counts a process's time in these. */
const TICKS_A_SECOND = 100;
const SETTLE_SECONDS = 5;

/** What the daemon takes when nothing happens. */
export async function idle(guests: number, seconds: number): Promise<Idle> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(guests);
    const daemon = await startHerald(lab, guests);
    await sleep(SETTLE_SECONDS * 1000);
    const before = ticksOf(daemon.pid);
    await sleep(seconds * 1000);
    const cpuPercent = ((ticksOf(daemon.pid) - before) / TICKS_A_SECOND / seconds) * 100;
    return {
      guests,
      megabytes: memoryOf(daemon.pid, 'VmRSS'),
      ownMegabytes: memoryOf(daemon.pid, 'RssAnon'),
      cpuPercent,
      seconds,
    };
  } finally {
    await lab.destroy();
  }
}

/** User and system time of all threads: fields 14 and 15 of proc(5)'s stat, after the name in brackets. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** A kind of resident memory in MB (10^6 bytes). */
function memoryOf(pid: number, kind: 'VmRSS' | 'RssAnon'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = Number(new RegExp(`^${kind}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return (kibibytes * 1024) / 1e6;
}
