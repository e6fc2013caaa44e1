/**
 * MAC addresses as values that compare with `===` and serve as map keys: lower-case text, colon-separated.
 */
declare const macBrand: unique symbol;

/** A 48-bit MAC address, for example `52:54:00:12:34:56`. */
export type Mac = string & { readonly [macBrand]: true };

export const MAC_LENGTH = 6;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const MAC_TEXT = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/;

/**
 * Reads a MAC as people write it: six pairs of hex digits separated by colons or by dashes, in either case.
 * @returns the address, or undefined when the text is no MAC address
 */
export function parseMac(text: string): Mac | undefined {
  const lower = text.trim().toLowerCase();
  return MAC_TEXT.test(lower) ? (lower.replaceAll('-', ':') as Mac) : undefined;
}

/**
 * The MAC in six bytes in network order.
 * @param bytes holds at least six bytes from `offset`; the caller has checked that
 */
export function macFromBytes(bytes: Uint8Array, offset = 0): Mac {
  let text = HEX[bytes[offset] ?? 0] ?? '';
  for (let i = 1; i < MAC_LENGTH; i++) text += `:${HEX[bytes[offset + i] ?? 0]}`;
  return text as Mac;
}

/** Writes the six bytes of a MAC, in network order, into `target` at `offset`. */
export function writeMac(mac: Mac, target: Uint8Array, offset = 0): void {
  for (let i = 0; i < MAC_LENGTH; i++) target[offset + i] = parseInt(mac.slice(3 * i, 3 * i + 2), 16);
}

/** Reads a MAC that one station can have. @returns undefined for other texts, group addresses and the all-zero one */
export function parseStationMac(text: string): Mac | undefined {
  const mac = parseMac(text);
  return mac === undefined || isGroupMac(mac) || mac === ZERO_MAC ? undefined : mac;
}

/** Whether the group bit is set: multicast and broadcast (IEEE 802, I/G bit). No station sends from such an address. */
export function isGroupMac(mac: Mac): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** The all-zero address, which no station has. */
export const ZERO_MAC = '00:00:00:00:00:00' as Mac;

/** The address of every station on the link. */
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as Mac;
