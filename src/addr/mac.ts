/**
 * MAC addresses as values that compare with `===` and serve as map keys: lower-case text, colon-separated.
 */
declare const macBrand: unique symbol;

/** A 48-bit MAC address, for example `52:54:00:12:34:56`. */
export type Mac = string & { readonly [macBrand]: true };

export const MAC_LENGTH = 6;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const PAIRS = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/;
const FOURS = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/;

/**
 * Reads a MAC as people write it, in either case: six pairs of hex digits separated by colons, or by dashes as Windows has
 * them, or three groups of four with dots, as Cisco has them.
 * @returns the address, or undefined when the text is no MAC address
 */
export function parseMac(text: string): Mac | undefined {
  const lower = text.trim().toLowerCase();
  if (PAIRS.test(lower)) return lower.replaceAll('-', ':') as Mac;
  return FOURS.test(lower) ? (pairsOf(lower).join(':') as Mac) : undefined;
}

/** The pairs of digits in groups of four. */
const pairsOf = (fours: string): string[] => fours.replaceAll('.', '').match(/../g) ?? [];

/** The MAC in six bytes in network order, which the caller has checked are there. */
export function macFromBytes(bytes: Uint8Array, offset = 0): Mac {
  const pairs: string[] = [];
  for (let i = 0; i < MAC_LENGTH; i++) pairs.push(HEX[bytes[offset + i] ?? 0] ?? '');
  return pairs.join(':') as Mac; // in one piece: what is joined by + keeps its pieces, and each MAC is held for long
}

/** Writes the six bytes of a MAC, in network order, into `target` at `offset`. */
export function writeMac(mac: Mac, target: Uint8Array, offset = 0): void {
  for (let i = 0; i < MAC_LENGTH; i++) target[offset + i] = parseInt(mac.slice(3 * i, 3 * i + 2), 16);
}

/** Reads a MAC that one station can have. @returns undefined for other texts, group addresses and the all-zero one */
export function parseStationMac(text: string): Mac | undefined {
  const mac = parseMac(text);
  return mac === undefined || flawOfMac(mac) !== null ? undefined : mac;
}

/** Why no station can have a MAC; null: one can. */
export function flawOfMac(mac: Mac): 'group-address' | 'zero-address' | null {
  if (isGroupMac(mac)) return 'group-address';
  return mac === ZERO_MAC ? 'zero-address' : null;
}

const ODD = '13579bdf';

/** Whether the group bit is set: multicast and broadcast (IEEE 802, I/G bit). No station sends from such an address. */
export function isGroupMac(mac: Mac): boolean {
  return ODD.includes(mac.charAt(1));
}

/** The all-zero address, which no station has. */
export const ZERO_MAC = '00:00:00:00:00:00' as Mac;

/** The address of every station on the link. */
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as Mac;

/** All MAC addresses that share their first `bits` bits with `value`. */
export interface MacPrefix {
  readonly value: number;
  readonly bits: number;
}

/** 48 bits, which a number holds. */
const toNumber = (mac: Mac): number => parseInt(mac.replaceAll(':', ''), 16);

/**
 * Reads `MAC` or `MAC/BITS`; octets that are left out count as zero, as in `00:00:5e:00:01/40` and `0000.5e00.01/40`.
 * @returns undefined for others
 */
export function parseMacPrefix(text: string): MacPrefix | undefined {
  const [address = '', length = '48', more] = text.split('/');
  const hasFours = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})?\.(?:[0-9a-f]{2}){1,2}$/i.test(address);
  const octets = hasFours ? pairsOf(address) : address.split(address.includes('-') ? '-' : ':');
  const mac = parseMac([...octets, ...Array<string>(Math.max(0, 6 - octets.length)).fill('00')].join(':'));
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : NaN;
  if (mac === undefined || more !== undefined || !(bits <= 48)) return undefined;
  return { value: toNumber(mac), bits };
}

/** Whether `mac` is one of the addresses of `prefix`. */
export function matchesMacPrefix(mac: Mac, { value, bits }: MacPrefix): boolean {
  const others = 2 ** (48 - bits);
  return Math.floor(toNumber(mac) / others) === Math.floor(value / others);
}
