import { type Ip, ipBytes, ipFromBytes } from '../addr/ip.js';
import { type Mac, macFromBytes } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { NO_IPV4 } from './arp.js';
import { internetChecksum } from './checksum.js';
import { encodeEthernet, type Tag } from './ethernet.js';
import {
  decodeRecords,
  encodeRecords,
  floating,
  type GroupMessage,
  groupOf,
  type GroupReport,
  membershipInterval,
} from './group-records.js';
import { encodeLinkLocalIpv4, ETH_P_IP, type Ipv4Packet } from './ipv4.js';

/*
 * IGMP (RFC 1112, RFC 2236, RFC 3376), network order:
 *
 *    0      1               2          4                          8          12
 *    +------+---------------+----------+--------------------------+----------+--------
 *    | 0x11 | response time | checksum | group, 0: every          |          |           a query, of version 1 and 2
 *    |      |               |          |                          | S,QRV u8 QQIC u8 …  of version 3
 *    | 0x12 0x16 0x17 | 0   | checksum | group                    |                      a report of version 1, 2; a leave
 *    | 0x22 | 0             | checksum | reserved   | records u16 | records              a report of version 3
 *    +------+---------------+----------+--------------------------+----------+--------
 */
export const PROTOCOL_IGMP = 2;
const QUERY = 0x11;
const REPORTS: readonly (number | undefined)[] = [undefined, 0x12, 0x16];
const LEAVE = 0x17;
const REPORT_V3 = 0x22;
const MESSAGE_LENGTH = 8;
const QUERY_V3_LENGTH = 12;
const ADDRESS_LENGTH = 4;

/** Response times are given in tenths of a second. */
const TENTH = 0.1;

/** To routers that look into all reports (RFC 3376 section 4.2.14). */
const ALL_V3_ROUTERS = '224.0.0.22' as Ip;

/** Router Alert (RFC 2113), and the precedence of routing protocols (RFC 3376 section 4). */
const ROUTER_ALERT = Uint8Array.of(0x94, 4, 0, 0);
const INTERNETWORK_CONTROL = 0xc0;

/**
 * What an IPv4 packet says of groups; null when it is no IGMP, or a message that we do not know.
 * @throws FrameError when it is too short, its checksum is wrong, or it reports what is no group
 */
export function decodeIgmp({ protocol, isFragment, payload, source }: Ipv4Packet): GroupMessage | null {
  if (protocol !== PROTOCOL_IGMP) return null;
  if (isFragment) throw new FrameError('a fragment of an IGMP message');
  if (payload.length < MESSAGE_LENGTH) throw new FrameError(`IGMP message of ${payload.length} bytes is too short`);
  if (internetChecksum(payload) !== 0) throw new FrameError('IGMP with a wrong checksum');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const type = view.getUint8(0);
  if (type === QUERY) return decodeQuery(view);
  if (type === REPORT_V3) {
    const records = decodeRecords(payload.subarray(MESSAGE_LENGTH), view.getUint16(6), ADDRESS_LENGTH);
    return { type: 'report', family: 4, version: 3, source, records };
  }
  const version = type === LEAVE ? 2 : REPORTS.indexOf(type);
  if (version < 1) return null;
  const group = groupOf(ipFromBytes(payload, 4, ADDRESS_LENGTH) ?? NO_IPV4);
  const said = type === LEAVE ? ('to-include' as const) : ('is-exclude' as const);
  return { type: 'report', family: 4, version, source, records: [{ type: said, group, sources: [] }] };
}

/** RFC 3376 section 7.1 says how versions are told apart. */
function decodeQuery(view: DataView): GroupMessage {
  const response = view.getUint8(1);
  if (view.byteLength < QUERY_V3_LENGTH)
    return { type: 'query', family: 4, version: response === 0 ? 1 : 2, membershipInterval: null };
  const seconds = TENTH * floating(response, 8);
  const interval = membershipInterval(view.getUint8(8), view.getUint8(9), seconds);
  return { type: 'query', family: 4, version: 3, membershipInterval: view.getUint8(9) === 0 ? null : interval };
}

/** How much of a packet is left for records. @param mtu bytes of an IPv4 packet */
export function roomForIgmp(mtu: number): number {
  return mtu - 20 - ROUTER_ALERT.length - MESSAGE_LENGTH;
}

/**
 * The frame by which `mac` reports groups, as Linux sends it (net/ipv4/igmp.c:igmpv3_newpack, igmp_send_report).
 * @param report of an older version than 3 it says of one group that its host is in it
 */
export function encodeIgmpReport(
  mac: Mac,
  { version, source, records }: GroupReport,
  tags: readonly Tag[],
): Uint8Array {
  const [group = NO_IPV4] = records.map((record) => record.group);
  const destination = version === 3 ? ALL_V3_ROUTERS : group;
  const body = version === 3 ? encodeRecords(records, ADDRESS_LENGTH) : new Uint8Array(0);
  const message = new Uint8Array(MESSAGE_LENGTH + body.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, REPORTS[version] ?? REPORT_V3);
  if (version === 3) view.setUint16(6, records.length);
  else message.set(ipBytes(group), 4);
  message.set(body, MESSAGE_LENGTH);
  view.setUint16(2, internetChecksum(message));
  const payload = encodeLinkLocalIpv4({
    ...{ source, destination, protocol: PROTOCOL_IGMP, payload: message },
    ...{ typeOfService: INTERNETWORK_CONTROL, options: ROUTER_ALERT },
  });
  return encodeEthernet({ destination: ipv4GroupMac(destination), source: mac, tags, etherType: ETH_P_IP, payload });
}

/** Where frames for a group go: its low 23 bits (RFC 1112 section 6.4). */
function ipv4GroupMac(group: Ip): Mac {
  const [, high = 0, ...low] = ipBytes(group);
  return macFromBytes(Uint8Array.of(0x01, 0x00, 0x5e, high & 0x7f, ...low));
}
