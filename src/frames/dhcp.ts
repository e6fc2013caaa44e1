import { type Ip, ipFromBytes } from '../addr/ip.js';
import { type Mac, MAC_LENGTH, macFromBytes } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { NO_IPV4 } from './arp.js';
import type { Ipv4Packet } from './ipv4.js';

/*
 * DHCP for IPv4 (RFC 2131 section 2), network order:
 *
 *    0    1    2    3     4    8        12       16     20     24       28       44      236     240
 *    +----+----+----+-----+----+--------+--------+------+------+--------+--------+-------+-------+---------
 *    | op |htype|hlen|hops| xid| secs,  | ciaddr |yiaddr|siaddr| giaddr | chaddr | sname,| magic | options
 *    |    |    |    |     |    | flags  |        |      |      |        |        | file  | cookie|
 *    +----+----+----+-----+----+--------+--------+------+------+--------+--------+-------+-------+---------
 *    option (RFC 2132): code, length, value; code 0 is padding and 255 the end, both without length
 */
export const DHCP_SERVER_PORT = 67;
const OPTIONS_AT = 240;
const MAGIC_COOKIE = 0x63825363;
const OP_REQUEST = 1;
const HTYPE_ETHERNET = 1;
const OPTION_PAD = 0;
const OPTION_REQUESTED_ADDRESS = 50;
const OPTION_MESSAGE_TYPE = 53;
const OPTION_END = 255;

/** What a DHCP message does (RFC 2132 section 9.6); the numbers of those that a client sends about an address. */
export const DHCP = { request: 3, decline: 4, release: 7, inform: 8 } as const;

/** The values of a client's message that say which address it is about. */
export interface DhcpMessage {
  /** Option 53. */
  readonly type: number;
  readonly client: Mac;
  /** The client's address, where it has one that it answers ARP for (RFC 2131 table 1); else 0.0.0.0. */
  readonly clientIp: Ip;
  /** Option 50. */
  readonly requestedIp: Ip | null;
  /** Whether a relay passed it on: then its sender is not the client. */
  readonly relayed: boolean;
}

/**
 * The payload of a UDP datagram to a DHCP server; null for BOOTP without DHCP, a server's message, or a client that is
 * not on Ethernet. @throws FrameError when it ends too early
 */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage | null {
  if (bytes.length < OPTIONS_AT) throw new FrameError(`DHCP message of ${bytes.length} bytes is too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ethernet = view.getUint8(1) === HTYPE_ETHERNET && view.getUint8(2) === MAC_LENGTH;
  if (view.getUint8(0) !== OP_REQUEST || !ethernet || view.getUint32(236) !== MAGIC_COOKIE) return null;
  const options = readOptions(bytes.subarray(OPTIONS_AT));
  const type = options.get(OPTION_MESSAGE_TYPE);
  const requested = options.get(OPTION_REQUESTED_ADDRESS);
  if (!type) return null;
  return {
    type: type.length === 1 ? (type[0] ?? 0) : 0,
    client: macFromBytes(bytes, 28),
    clientIp: ipFromBytes(bytes, 12, 4) ?? NO_IPV4,
    requestedIp: requested?.length === 4 ? (ipFromBytes(requested, 0, 4) ?? null) : null,
    relayed: view.getUint8(3) !== 0 || view.getUint32(24) !== 0,
  };
}

/** Options by code; of two with one code the first. */
function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at++] ?? OPTION_END;
    if (code === OPTION_END) break;
    if (code === OPTION_PAD) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length)
      throw new FrameError('a DHCP option is longer than the message');
    if (!options.has(code)) options.set(code, bytes.subarray(at, at + length));
    at += length;
  }
  return options;
}

/*
 * UDP (RFC 768), network order:
 *
 *    0             2                  4        6          8
 *    +-------------+------------------+--------+----------+---------
 *    | source port | destination port | length | checksum | payload
 *    +-------------+------------------+--------+----------+---------
 */
export const PROTOCOL_UDP = 17;
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
 * The UDP datagram in an IPv4 packet; null for another protocol. Its checksum is not looked at: guests leave that to
 * hardware. @throws FrameError when lengths contradict each other, or it is a fragment
 */
export function decodeUdp({ source, destination, protocol, isFragment, payload }: Ipv4Packet): Udp | null {
  if (protocol !== PROTOCOL_UDP) return null;
  if (isFragment) throw new FrameError('a fragment of an IPv4 packet');
  if (payload.length < UDP_HEADER_LENGTH) throw new FrameError('an IPv4 packet too short for UDP');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const length = view.getUint16(4);
  if (length < UDP_HEADER_LENGTH || length > payload.length)
    throw new FrameError(`invalid UDP length ${length} in an IPv4 packet with ${payload.length} bytes`);
  return {
    source,
    destination,
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: payload.subarray(UDP_HEADER_LENGTH, length),
  };
}
