/** Frames put together by hand for tests, sharing no code with the program. */
import type { Tag } from './hypervisor.js';

const BROADCAST = 'ffffffffffff';
const plain = (mac: string): string => mac.replaceAll(':', '');
const hex16 = (value: number): string => value.toString(16).padStart(4, '0');

/** Ethernet from `src` to `dst` with tags, 60 bytes at least, as `type` and `payload` (both hexadecimal) say. */
export function frame(dst: string, src: string, tags: readonly Tag[], type: string, payload: string): Buffer {
  const stack = tags.map(({ tpid, vid }) => hex16(tpid) + hex16(vid)).join('');
  const bytes = Buffer.from(plain(dst) + plain(src) + stack + type + payload, 'hex');
  return bytes.length >= 60 ? bytes : Buffer.concat([bytes, Buffer.alloc(60 - bytes.length)]);
}

/** RARP "request reverse" (RFC 903) as a hypervisor announces a guest: the guest asks for its own address. */
export function rarp(mac: string, tags: readonly Tag[] = []): Buffer {
  const hardware = plain(mac);
  return frame(BROADCAST, mac, tags, '8035', `0001080006040003${hardware}00000000${hardware}00000000`);
}

/** A broadcast nobody answers: EtherType 0x88b5 is for local experiments (IEEE 802). */
export function chatter(mac: string, tags: readonly Tag[] = []): Buffer {
  return frame(BROADCAST, mac, tags, '88b5', '');
}

/** An ARP request by which a guest asks for itself: what a machine sends when it has got its address (RFC 5227). */
export function arpFrom(mac: string, ip: string, tags: readonly Tag[] = []): Buffer {
  const address = ip.split('.').map(Number);
  const protocol = Buffer.from(address).toString('hex');
  return frame(BROADCAST, mac, tags, '0806', `0001080006040001${plain(mac)}${protocol}000000000000${protocol}`);
}
