import { readFileSync } from 'node:fs';
import { mustRun } from '../net/ip.js';

/** Whether the kernel that this runs on is the lab's own: another one's clock is not ours to set. */
export function clockIsOurs(): boolean {
  return /User Mode Linux|QEMU/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}

/** Sets the time of day forward, or back. */
export async function moveClock(seconds: number): Promise<void> {
  if (seconds === 0) return;
  await mustRun(['date', '--set', `@${(Date.now() / 1000 + seconds).toFixed(3)}`]);
}
