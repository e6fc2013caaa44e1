import { type Ip, ipBytes, ipFromBytes } from '../addr/ip.js';
import { FrameError } from '../errors.js';
import { NO_IPV4 } from './arp.js';
import { internetChecksum } from './checksum.js';

/*
 * The header of IPv4 (RFC 791 section 3.1), network order:
 *
 *    0         1         2        4    6            8     9         10       12       16            20 to 60
 *    +----+----+---------+--------+----+------------+-----+---------+--------+--------+-------------+---------
 *    | 4  | IHL| type of | total  | id | flags,     | TTL | proto-  | check- | source | destination | options
 *    |    |    | service | length |    | fragment   |     | col     | sum    |        |             |
 *    +----+----+---------+--------+----+------------+-----+---------+--------+--------+-------------+---------
 */
export const ETH_P_IP = 0x0800;
const HEADER_LENGTH = 20;
const DONT_FRAGMENT = 0x4000;
/** More fragments, and the offset of this one. */
const FRAGMENT = 0x3fff;

/** The values of an IPv4 packet. */
export interface Ipv4Packet {
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  readonly isFragment: boolean;
  readonly payload: Uint8Array;
}

/** An IPv4 packet; what follows it in the frame is padding. @throws FrameError when it is none, or ends too early */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet {
  if (bytes.length < HEADER_LENGTH) throw new FrameError(`IPv4 packet of ${bytes.length} bytes is too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = 4 * (view.getUint8(0) & 0xf);
  const end = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || header < HEADER_LENGTH)
    throw new FrameError('the header of the packet is not IPv4');
  if (end > bytes.length) throw new FrameError(`an IPv4 packet of ${end} bytes is truncated to ${bytes.length}`);
  if (end < header) throw new FrameError(`an IPv4 packet of ${end} bytes ends within its header`);
  return {
    source: ipFromBytes(bytes, 12, 4) ?? NO_IPV4,
    destination: ipFromBytes(bytes, 16, 4) ?? NO_IPV4,
    protocol: view.getUint8(9),
    isFragment: (view.getUint16(6) & FRAGMENT) !== 0,
    payload: bytes.subarray(header, end),
  };
}

/** A packet for the link alone, and how it asks to be treated there. */
interface LinkLocalPacket extends Omit<Ipv4Packet, 'isFragment'> {
  readonly typeOfService: number;
  /** A multiple of four bytes. */
  readonly options: Uint8Array;
}

/** A packet that no router passes on (TTL 1), as one piece, without an identification (RFC 6864 section 4.1). */
export function encodeLinkLocalIpv4(packet: LinkLocalPacket): Uint8Array {
  const { source, destination, protocol, typeOfService, options, payload } = packet;
  const header = HEADER_LENGTH + options.length;
  const bytes = new Uint8Array(header + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (4 << 4) | (header / 4));
  view.setUint8(1, typeOfService);
  view.setUint16(2, bytes.length);
  view.setUint16(6, DONT_FRAGMENT);
  view.setUint8(8, 1);
  view.setUint8(9, protocol);
  bytes.set(ipBytes(source), 12);
  bytes.set(ipBytes(destination), 16);
  bytes.set(options, HEADER_LENGTH);
  view.setUint16(10, internetChecksum(bytes.subarray(0, header)));
  bytes.set(payload, header);
  return bytes;
}
