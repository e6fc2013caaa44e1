import os from 'node:os';
import { readNumber } from './device-settings.js';

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
