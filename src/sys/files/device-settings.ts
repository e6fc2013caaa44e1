import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** What sysfs says of one network device. */
export interface DeviceSettings {
  /** The first word of a file below /sys/class/net/NAME, '' for an empty one; null: it cannot be read. */
  word(file: string): Promise<string | null>;
  /** The same as a number; null also when it is none. */
  number(file: string): Promise<number | null>;
}

const FOLDER = '/sys/class/net';

/**
 * Opens what sysfs says of a device. It may be the sysfs of another network namespace, where that name is another device.
 * @returns null when there is no sysfs, or it is not about this device
 */
export async function openDeviceSettings(
  name: string,
  ifindex: number,
  folder = FOLDER,
): Promise<DeviceSettings | null> {
  const word = (file: string): Promise<string | null> => firstWord(path.join(folder, name, file));
  if ((await word('ifindex')) !== String(ifindex)) return null;
  return {
    word,
    async number(file) {
      const text = await word(file);
      return text !== null && /^\d+$/.test(text) ? Number(text) : null;
    },
  };
}

async function firstWord(file: string): Promise<string | null> {
  try {
    const text = await readFile(file, 'utf8');
    return /^\S*/.exec(text.trimStart())?.[0] ?? '';
  } catch {
    return null;
  }
}
