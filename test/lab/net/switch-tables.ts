import { setTimeout as sleep } from 'node:timers/promises';
import { ip } from './ip.js';
import type { Lab } from './lab.js';

/** Has both switches forget whoever says nothing for so long. @param seconds at least 1 */
export async function setAgeing(seconds: number): Promise<void> {
  for (const name of ['sw1', 'sw2']) await ip(name, [`link set fabric type bridge ageing_time ${seconds * 100}`]);
}

/**
 * Looks into a switch's table again and again for so many seconds.
 * @returns how often it was looked, and who was not there at one look at least
 */
export async function watchTable(
  lab: Lab,
  name: 'sw1' | 'sw2',
  macs: readonly string[],
  { seconds, every }: { readonly seconds: number; readonly every: number },
): Promise<{ looks: number; missed: Set<string> }> {
  const missed = new Set<string>();
  let looks = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; looks++) {
    const known = await lab.learned(name);
    for (const mac of macs) if (!known.has(mac)) missed.add(mac);
    await sleep(every * 1000);
  }
  return { looks, missed };
}
