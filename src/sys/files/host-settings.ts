import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A number among the kernel's settings, such as `net/core/rmem_max`; null where it cannot be read. */
export function readSetting(name: string): Promise<number | null> {
  return readNumber(`/proc/sys/${name}`);
}

/** The devices that are up and have an IP address, link-local ones of IPv6 aside: every device has one of those. */
export function devicesWithAddresses(): Set<string> {
  const names = Object.entries(os.networkInterfaces())
    .filter(([, addresses]) => addresses?.some(({ address }) => !/^fe[89ab]/i.test(address)))
    .map(([name]) => name.replace(/:.*/, '')); // an IPv4 address may have a label, NAME:LABEL
  return new Set(names);
}

/** What this host calls itself. */
export function hostName(): string {
  return os.hostname();
}

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
  const word = (file: string): Promise<string | null> => readWord(path.join(folder, name, file));
  if ((await word('ifindex')) !== String(ifindex)) return null;
  return { word, number: (file) => readNumber(path.join(folder, name, file)) };
}

/**
 * The names of a bond's slaves, in the order in which it got them. Reads at once: for threads that have nothing else to do.
 * @returns none where sysfs is not there, or is about another device of that name
 */
export function bondSlaves(bond: string, ifindex: number, folder = FOLDER): readonly string[] {
  const text = (file: string): string => readFileSync(path.join(folder, bond, file), 'utf8').trim();
  try {
    return text('ifindex') === String(ifindex) ? text('bonding/slaves').split(/\s+/) : [];
  } catch {
    return [];
  }
}

/** A number of the kernel's in /proc or /sys; null where it cannot be read, or is none. */
async function readNumber(file: string): Promise<number | null> {
  const word = await readWord(file);
  return word !== null && /^\d+$/.test(word) ? Number(word) : null;
}

async function readWord(file: string): Promise<string | null> {
  try {
    const text = await readFile(file, 'utf8');
    return /^\S*/.exec(text.trimStart())?.[0] ?? '';
  } catch {
    return null;
  }
}
