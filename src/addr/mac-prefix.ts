import type { Mac } from './mac.js';
import { parseMac } from './mac.js';

/** All MAC addresses that share their first `bits` bits with `value`. */
export interface MacPrefix {
  readonly value: bigint;
  readonly bits: number;
}

const toNumber = (mac: Mac): bigint => BigInt(`0x${mac.replaceAll(':', '')}`);

/**
 * Reads `MAC` or `MAC/BITS`; octets that are left out count as zero, so `00:00:5e:00:01/40` is as good as
 * `00:00:5e:00:01:00/40`.
 * @returns the prefix, or undefined when the text is none
 */
export function parseMacPrefix(text: string): MacPrefix | undefined {
  const [address = '', length = '48', more] = text.split('/');
  const octets = address.split(':');
  const mac = parseMac([...octets, ...Array<string>(Math.max(0, 6 - octets.length)).fill('00')].join(':'));
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : NaN;
  if (mac === undefined || more !== undefined || !(bits <= 48)) return undefined;
  return { value: toNumber(mac), bits };
}

/** Whether `mac` is one of the addresses of `prefix`. */
export function matchesMacPrefix(mac: Mac, { value, bits }: MacPrefix): boolean {
  const shift = BigInt(48 - bits);
  return toNumber(mac) >> shift === value >> shift;
}
