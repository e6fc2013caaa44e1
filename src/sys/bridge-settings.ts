import { readFile } from 'node:fs/promises';

/** USER_HZ, in which the kernel shows times in sysfs, is 100 on every Linux. */
const TICKS_A_SECOND = 100;

/**
 * After how many seconds a bridge of the kernel forgets a MAC (/sys/class/net/NAME/bridge/ageing_time).
 * @returns null when it cannot be read: there is no such bridge any more, or no sysfs
 */
export async function readBridgeAgeing(name: string): Promise<number | null> {
  try {
    const text = await readFile(`/sys/class/net/${name}/bridge/ageing_time`, 'utf8');
    return /^\d+\s*$/.test(text) ? Number(text) / TICKS_A_SECOND : null;
  } catch {
    return null;
  }
}
