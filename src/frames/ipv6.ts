import { type Ip, ipBytes, ipFromBytes } from '../addr/ip.js';
import { FrameError } from '../errors.js';
import { internetChecksum } from './checksum.js';

/*
 * The header of IPv6 (RFC 8200 section 3), network order:
 *
 *    0                              4         6      7     8                24               40
 *    +---------+---------+---------+---------+------+-----+----------------+----------------+
 *    | 6       | traffic | flow    | payload | next | hop | source         | destination    |
 *    | (4 bit) | class   | label   | length  | hdr. | lim.|                |                |
 *    +---------+---------+---------+---------+------+-----+----------------+----------------+
 */
export const ETH_P_IPV6 = 0x86dd;
const HEADER_LENGTH = 40;

/** The values of an IPv6 packet. */
export interface Ipv6Packet {
  readonly source: Ip;
  readonly destination: Ip;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
}

export function encodeIpv6({ source, destination, nextHeader, hopLimit, payload }: Ipv6Packet): Uint8Array {
  const packet = new Uint8Array(HEADER_LENGTH + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 6 << 4);
  view.setUint16(4, payload.length);
  view.setUint8(6, nextHeader);
  view.setUint8(7, hopLimit);
  packet.set(ipBytes(source), 8);
  packet.set(ipBytes(destination), 24);
  packet.set(payload, HEADER_LENGTH);
  return packet;
}

/** An IPv6 packet; what follows it in the frame is padding. @throws FrameError when it is none, or ends too early */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet {
  if (bytes.length < HEADER_LENGTH) throw new FrameError(`IPv6 packet of ${bytes.length} bytes is too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) >> 4 !== 6) throw new FrameError('the version of the IPv6 packet is not 6');
  const end = HEADER_LENGTH + view.getUint16(4);
  if (end > bytes.length) throw new FrameError(`an IPv6 packet of ${end} bytes is truncated to ${bytes.length}`);
  return {
    source: addressAt(bytes, 8),
    destination: addressAt(bytes, 24),
    nextHeader: view.getUint8(6),
    hopLimit: view.getUint8(7),
    payload: bytes.subarray(HEADER_LENGTH, end),
  };
}

/** The address in the 16 bytes from `at`. The caller has checked that they are there. */
export function addressAt(bytes: Uint8Array, at: number): Ip {
  return ipFromBytes(bytes, at, 16) ?? ('::' as Ip);
}

/** The checksum of an upper layer's packet with its pseudo-header (RFC 8200 section 8.1). */
export function upperLayerChecksum({ source, destination, nextHeader, payload }: Omit<Ipv6Packet, 'hopLimit'>): number {
  const lengthAndType = new Uint8Array(8);
  const view = new DataView(lengthAndType.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, nextHeader);
  return internetChecksum(ipBytes(source), ipBytes(destination), lengthAndType, payload);
}
