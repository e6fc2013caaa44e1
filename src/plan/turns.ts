import { type Ip, isIpv4 } from '../addr/ip.js';
import type { FrameKind } from '../config/config.js';
import { encodeGratuitousArp } from '../frames/arp.js';
import { encodeUnsolicitedNa } from '../frames/na.js';
import { addressKey } from '../frames/ethernet.js';
import type { Address, Announceable } from './announceable.js';
import type { Waiting } from './turn-queue.js';

/** One frame's place in a queue. */
export interface Turn extends Waiting {
  readonly kind: FrameKind;
  /** Whose: a MAC and the tags it leaves with. */
  readonly key: string;
  /** The address that it is about; null for RARP. */
  readonly ip: Ip | null;
}

/** A frame whose turn it is. */
export interface DueFrame {
  readonly turn: Turn;
  readonly bytes: Uint8Array;
}

export function rarpTurn(key: string): Turn {
  return { id: key, kind: 'rarp', key, ip: null };
}

/** The frame that tells of an address: ARP for IPv4, Neighbor Discovery for IPv6. */
export function addressTurn(key: string, ip: Ip): Turn {
  return { id: addressKey(key, ip), kind: isIpv4(ip) ? 'garp' : 'na', key, ip };
}

/** The addresses of a guest that are announced now. */
export function announcedAddresses(guests: Announceable, key: string, now: number): readonly Address[] {
  const place = guests.place(key);
  return place ? guests.addresses(place, now).filter(({ withheld }) => withheld === null) : [];
}

/**
 * The bytes of a frame whose turn it is, as the guest's frames leave now.
 * @returns null when it may not be sent any more: the guest is not announced now, or the address is not its own
 */
export function bytesNow({ kind, key, ip }: Turn, guests: Announceable, now: number): Uint8Array | null {
  if (kind === 'rarp' || ip === null) return guests.rarp(key);
  const place = guests.place(key);
  const address = announcedAddresses(guests, key, now).find((each) => each.ip === ip);
  if (!place || !address) return null;
  if (kind === 'garp') return encodeGratuitousArp(place.mac, ip, place.tags);
  return encodeUnsolicitedNa(place.mac, ip, address.router, place.tags);
}
