import { type Ip, ipFromBytes } from '../addr/ip.js';
import { FrameError } from '../errors.js';
import { NO_IPV4 } from './arp.js';

/*
 * UDP (RFC 768) in IPv4 (RFC 791 section 3.1), network order:
 *
 *    0         2        6            8     9         12       16            20 to 60
 *    +----+----+--------+------------+-----+---------+--------+-------------+---------+
 *    | 4  | IHL| total  | … flags,   | TTL | proto-  | source | destination | options |
 *    |    |    | length | fragment   |     | col     |        |             |         |
 *    +----+----+--------+------------+-----+---------+--------+-------------+---------+
 *    UDP: source port, destination port, length, checksum: 2 bytes each
 */
export const ETH_P_IP = 0x0800;
const PROTOCOL_UDP = 17;
const UDP_HEADER_LENGTH = 8;

/** The values of a UDP datagram over IPv4. */
export interface Udp {
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/**
 * Reads an IPv4 packet that is a whole UDP datagram. Its checksum is not looked at: guests leave that to hardware.
 * @returns null when it is another protocol
 * @throws FrameError when lengths contradict each other, or it is a fragment
 */
export function decodeUdp(bytes: Uint8Array): Udp | null {
  if (bytes.length < 20) throw new FrameError(`IPv4 packet of ${bytes.length} bytes is too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = 4 * (view.getUint8(0) & 0xf);
  const end = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || header < 20) throw new FrameError('the header of the packet is not IPv4');
  if (end > bytes.length) throw new FrameError(`an IPv4 packet of ${end} bytes is truncated to ${bytes.length}`);
  if (view.getUint8(9) !== PROTOCOL_UDP) return null;
  if (view.getUint16(6) & 0x3fff) throw new FrameError('a fragment of an IPv4 packet');
  if (end - header < UDP_HEADER_LENGTH) throw new FrameError('an IPv4 packet too short for UDP');
  const length = view.getUint16(header + 4);
  if (length < UDP_HEADER_LENGTH || header + length > end)
    throw new FrameError(`invalid UDP length ${length} in an IPv4 packet of ${end} bytes`);
  return {
    source: ipFromBytes(bytes, 12, 4) ?? NO_IPV4,
    destination: ipFromBytes(bytes, 16, 4) ?? NO_IPV4,
    sourcePort: view.getUint16(header),
    destinationPort: view.getUint16(header + 2),
    payload: bytes.subarray(header + UDP_HEADER_LENGTH, header + length),
  };
}
