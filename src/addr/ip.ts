/**
 * IP addresses as values that compare with `===`: dotted quads, and IPv6 in the form of RFC 5952.
 */
import { type Mac, writeMac } from './mac.js';

declare const ipBrand: unique symbol;

/** An IPv4 address such as `192.0.2.1`, or an IPv6 address such as `2001:db8::1`. */
export type Ip = string & { readonly [ipBrand]: true };

/**
 * The IP address in `length` bytes in network order, which the caller has checked are there; undefined unless 4 or 16.
 */
export function ipFromBytes(bytes: Uint8Array, offset: number, length: number): Ip | undefined {
  if (length === 4) return bytes.subarray(offset, offset + 4).join('.') as Ip;
  if (length === 16) return ipv6Text(bytes, offset) as Ip;
  return undefined;
}

/**
 * Reads an address as people write it: a dotted quad, or IPv6 in any form of RFC 4291 section 2.2, without a zone.
 * @returns the address in its one form, or undefined when the text is none
 */
export function parseIp(text: string): Ip | undefined {
  const trimmed = text.trim();
  const bytes = trimmed.includes(':') ? ipv6Bytes(trimmed) : ipv4Bytes(trimmed);
  return bytes && ipFromBytes(Uint8Array.from(bytes), 0, bytes.length);
}

/** The 4 or 16 bytes of an address, in network order. */
export function ipBytes(ip: Ip): Uint8Array {
  return Uint8Array.from((isIpv4(ip) ? ipv4Bytes(ip) : ipv6Bytes(ip)) ?? []);
}

export function isIpv4(ip: Ip): boolean {
  return !ip.includes(':');
}

/** Of RFC 4291 section 2.5.6: fe80::/10. */
export function isLinkLocal(ip: Ip): boolean {
  return /^fe[89ab][0-9a-f]:/.test(ip);
}

/** The link-local address that follows from a MAC (RFC 4291 appendix A): kernels give it by themselves. */
export function linkLocalOf(mac: Mac): Ip {
  const bytes = new Uint8Array(16);
  writeMac(mac, bytes, 10);
  bytes.copyWithin(8, 10, 13);
  bytes.set([0xfe, 0x80]);
  bytes.set([(bytes[8] ?? 0) ^ 0x02], 8);
  bytes.set([0xff, 0xfe], 11);
  return ipv6Text(bytes, 0) as Ip;
}

/** 224.0.0.0/4 and ff00::/8. */
export function isMulticastIp(ip: Ip): boolean {
  return isIpv4(ip) ? parseInt(ip, 10) >> 4 === 14 : /^ff[0-9a-f]{2}:/.test(ip);
}

/** Whether a station on a link can have this address: not the unspecified, loopback, multicast or broadcast ones. */
export function isStationIp(ip: Ip): boolean {
  if (!isIpv4(ip)) return ip !== '::' && ip !== '::1' && !isMulticastIp(ip);
  const first = parseInt(ip, 10);
  return first !== 0 && first !== 127 && first < 224;
}

function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split('.');
  const good = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return good ? parts.map(Number) : undefined;
}

function ipv6Bytes(text: string): number[] | undefined {
  const halves = text.split('::').map(groupBytes);
  const [head, tail] = halves;
  if (!head || halves.length > 2 || (halves.length === 2 && !tail)) return undefined;
  if (!tail) return head.length === 16 ? head : undefined;
  const zeros = 16 - head.length - tail.length;
  return zeros >= 2 ? [...head, ...Array<number>(zeros).fill(0), ...tail] : undefined;
}

/** The bytes of groups with single colons between them; the last may be a dotted quad. */
function groupBytes(text: string, half: number, halves: readonly string[]): number[] | undefined {
  if (text === '') return halves.length > 1 ? [] : undefined;
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const quad = i === groups.length - 1 && half === halves.length - 1 ? ipv4Bytes(group) : undefined;
    if (quad) bytes.push(...quad);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function ipv6Text(bytes: Uint8Array, offset: number): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[offset + 2 * i] ?? 0) << 8) | (bytes[offset + 2 * i + 1] ?? 0)).toString(16),
  );
  const text = groups.join(':');
  const [longest] = [...text.matchAll(/\b0(?::0)+\b/g)].sort(([a], [b]) => b.length - a.length);
  if (!longest) return text;
  const { 0: zeros, index } = longest;
  return `${text.slice(0, index) || ':'}${text.slice(index + zeros.length) || ':'}`;
}
