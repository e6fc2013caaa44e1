import { type Ip, ipBytes, isLinkLocal } from '../addr/ip.js';
import { type Mac, macFromBytes } from '../addr/mac.js';
import { FrameError } from '../errors.js';
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
import { addressAt, encodeIpv6, ETH_P_IPV6, type Ipv6Packet, upperLayerChecksum } from './ipv6.js';
import { NEXT_HEADER_ICMPV6, UNSPECIFIED } from './nd.js';

/*
 * MLD (RFC 2710, RFC 3810), ICMPv6 in network order:
 *
 *    0         1      2          4                    6             8            24                      28
 *    +---------+------+----------+--------------------+-------------+------------+-----------------------+--------
 *    | 130     | 0    | checksum | response time      | reserved    | group, ::  |                                  a query
 *    |         |      |          |                    |             |            | S,QRV u8 QQIC u8 …      of version 2
 *    | 131 132 | 0    | checksum | 0                  | 0           | group      |      a report of version 1; done
 *    | 143     | 0    | checksum | reserved           | records u16 | records          a report of version 2
 *    +---------+------+----------+--------------------+-------------+------------+-----------------------+--------
 *
 * behind a hop-by-hop header (RFC 8200 section 4.3) with the option Router Alert (RFC 2711):
 *
 *    0             1             2    3    4        6    7
 *    | next header | 8-byte words | 5 | 2 | 0: MLD | 1 | 0 |    the last two are padding
 */
export const NEXT_HEADER_HOP_BY_HOP = 0;
const ROUTER_ALERT = Uint8Array.of(NEXT_HEADER_ICMPV6, 0, 5, 2, 0, 0, 1, 0);
const QUERY = 130;
const REPORT = 131;
const DONE = 132;
const REPORT_V2 = 143;
const HEAD_LENGTH = 8;
const MESSAGE_LENGTH = 24;
const QUERY_V2_LENGTH = 28;
const ADDRESS_LENGTH = 16;
const HOP_LIMIT = 1;
const MILLISECOND = 0.001;

/** To routers that look into all reports (RFC 3810 section 5.2.14). */
const ALL_MLDV2_ROUTERS = 'ff02::16' as Ip;

/**
 * What an IPv6 packet says of groups; null when it is something else.
 * @param checksumReady false when the frame was on its way to hardware that fills the checksum in
 * @throws FrameError when RFC 3810 (sections 5 and 6.2) has receivers discard it
 */
export function decodeMld(packet: Ipv6Packet, checksumReady = true): GroupMessage | null {
  const inner = behindHopByHop(packet);
  const type = inner?.payload[0] ?? 0;
  if (!inner || ![QUERY, REPORT, DONE, REPORT_V2].includes(type)) return null;
  const { payload, source } = inner;
  if (inner.hopLimit !== HOP_LIMIT) throw new FrameError(`MLD with hop limit ${inner.hopLimit} has been routed`);
  const least = type === REPORT_V2 ? HEAD_LENGTH : MESSAGE_LENGTH;
  if (payload.length < least) throw new FrameError(`MLD message of ${payload.length} bytes is too short`);
  if (checksumReady && upperLayerChecksum(inner) !== 0) throw new FrameError('MLD with a wrong checksum');
  if (source !== UNSPECIFIED && !isLinkLocal(source))
    throw new FrameError(`MLD from ${source}, which is not link-local`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (type === QUERY) return decodeQuery(view);
  if (type === REPORT_V2) {
    const records = decodeRecords(payload.subarray(HEAD_LENGTH), view.getUint16(6), ADDRESS_LENGTH);
    return { type: 'report', family: 6, version: 2, source, records };
  }
  const said = type === DONE ? ('to-include' as const) : ('is-exclude' as const);
  const record = { type: said, group: groupOf(addressAt(payload, HEAD_LENGTH)), sources: [] };
  return { type: 'report', family: 6, version: 1, source, records: [record] };
}

/** ICMPv6 behind a hop-by-hop header, whatever options it has; null for anything else. */
function behindHopByHop(packet: Ipv6Packet): Ipv6Packet | null {
  const { nextHeader, payload } = packet;
  const [next, words = 0] = payload;
  if (nextHeader !== NEXT_HEADER_HOP_BY_HOP || next !== NEXT_HEADER_ICMPV6) return null;
  return { ...packet, nextHeader: next, payload: payload.subarray(8 * (words + 1)) };
}

/** RFC 3810 section 8.1 says how versions are told apart. */
function decodeQuery(view: DataView): GroupMessage {
  if (view.byteLength < QUERY_V2_LENGTH) return { type: 'query', family: 6, version: 1, membershipInterval: null };
  const seconds = MILLISECOND * floating(view.getUint16(4), 16);
  const interval = membershipInterval(view.getUint8(24), view.getUint8(25), seconds);
  return { type: 'query', family: 6, version: 2, membershipInterval: view.getUint8(25) === 0 ? null : interval };
}

/** How much of a packet is left for records. @param mtu bytes of an IPv6 packet */
export function roomForMld(mtu: number): number {
  return mtu - 40 - ROUTER_ALERT.length - HEAD_LENGTH;
}

/**
 * The frame by which `mac` reports groups, as Linux sends it (net/ipv6/mcast.c:mld_newpack, igmp6_send).
 * @param report of version 1 it says of one group that its host is in it
 */
export function encodeMldReport(mac: Mac, { version, source, records }: GroupReport, tags: readonly Tag[]): Uint8Array {
  const [group = UNSPECIFIED] = records.map((record) => record.group);
  const destination = version === 2 ? ALL_MLDV2_ROUTERS : group;
  const body = version === 2 ? encodeRecords(records, ADDRESS_LENGTH) : ipBytes(group);
  const message = new Uint8Array(HEAD_LENGTH + body.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, version === 2 ? REPORT_V2 : REPORT);
  if (version === 2) view.setUint16(6, records.length);
  message.set(body, HEAD_LENGTH);
  view.setUint16(2, upperLayerChecksum({ source, destination, nextHeader: NEXT_HEADER_ICMPV6, payload: message }));
  const payload = encodeIpv6({
    ...{ source, destination, nextHeader: NEXT_HEADER_HOP_BY_HOP, hopLimit: HOP_LIMIT },
    payload: Buffer.concat([ROUTER_ALERT, message]),
  });
  return encodeEthernet({ destination: ipv6GroupMac(destination), source: mac, tags, etherType: ETH_P_IPV6, payload });
}

/** Where frames for a group go: its low 32 bits (RFC 2464 section 7). */
function ipv6GroupMac(group: Ip): Mac {
  return macFromBytes(Uint8Array.of(0x33, 0x33, ...ipBytes(group).subarray(12)));
}

/** The beginning of every solicited-node group, ff02::1:ff00:0/104 (RFC 4291 section 2.7.1). */
const SOLICITED_NODE = /^ff02::1:ff[0-9a-f]{2}:[0-9a-f]{1,4}$/;

/** The group of whoever has an IPv6 address: neighbours ask for it there. */
export function solicitedNodeGroup(ip: Ip): Ip {
  const bytes = ipBytes('ff02::1:ff00:0' as Ip);
  bytes.set(ipBytes(ip).subarray(13), 13);
  return addressAt(bytes, 0);
}

export function isSolicitedNode(group: Ip): boolean {
  return SOLICITED_NODE.test(group);
}
