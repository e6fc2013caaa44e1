import { type Ip, ipBytes, ipFromBytes, isMulticastIp } from '../addr/ip.js';
import { FrameError } from '../errors.js';

/** What hosts and routers say of multicast groups, over IPv4 by IGMP and over IPv6 by MLD. */
export type GroupMessage = GroupReport | GroupQuery;

/** IGMP over IPv4, MLD over IPv6. */
export type Family = 4 | 6;

/** A host says which groups it is in. */
export interface GroupReport {
  readonly type: 'report';
  readonly family: Family;
  /** Of IGMP 1 to 3, of MLD 1 or 2. */
  readonly version: number;
  /** The host's address, or that of one that has none yet. */
  readonly source: Ip;
  /** Older versions than the latest say one thing of one group: what that means in records (RFC 3376 section 7.3.2). */
  readonly records: readonly GroupRecord[];
}

/** A router asks who is in which groups. */
export interface GroupQuery {
  readonly type: 'query';
  readonly family: Family;
  readonly version: number;
  /** For how long a report counts, as the router's own numbers say, in seconds; null: it does not give them. */
  readonly membershipInterval: number | null;
}

/** What a record says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12): its number on the wire is its place here, from 1. */
const RECORD_TYPES = ['is-include', 'is-exclude', 'to-include', 'to-exclude', 'allow', 'block'] as const;

/** From which sources a host wants a group's packets. */
export interface GroupRecord {
  readonly type: (typeof RECORD_TYPES)[number];
  readonly group: Ip;
  readonly sources: readonly Ip[];
}

/*
 * The records of IGMPv3 (RFC 3376 section 4.2.4) and MLDv2 (RFC 3810 section 5.2.4), one after the other, network order;
 * an address has n = 4 bytes in IGMP and 16 in MLD:
 *
 *    0      1            2         4                 4 + n                     aux data: 4-byte words
 *    +------+------------+---------+-----------------+-------------------------+---------
 *    | type | aux length | sources | multicast group | source addresses, n each | aux data
 *    +------+------------+---------+-----------------+-------------------------+---------
 */
const RECORD_HEAD = 4;

/** How many bytes a record takes with addresses of `length` bytes. */
export function recordBytes({ sources }: GroupRecord, length: number): number {
  return RECORD_HEAD + length * (1 + sources.length);
}

/** The bytes of records one after the other. */
export function encodeRecords(records: readonly GroupRecord[], length: number): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + recordBytes(record, length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, group, sources } of records) {
    view.setUint8(at, RECORD_TYPES.indexOf(type) + 1);
    view.setUint16(at + 2, sources.length);
    at += RECORD_HEAD;
    for (const ip of [group, ...sources]) {
      bytes.set(ipBytes(ip), at);
      at += length;
    }
  }
  return bytes;
}

/**
 * The first `count` records in `bytes`; those of a type that nobody has defined are passed over, as the RFCs say.
 * @param length how many bytes an address has: 4 or 16
 * @throws FrameError when one ends too late, or its group is no group
 */
export function decodeRecords(bytes: Uint8Array, count: number, length: number): GroupRecord[] {
  const records: GroupRecord[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let n = 0; n < count; n++) {
    if (at + RECORD_HEAD + length > bytes.length) throw new FrameError(`a report of ${count} groups has only ${n}`);
    const type = RECORD_TYPES[view.getUint8(at) - 1];
    const auxiliary = 4 * view.getUint8(at + 1);
    const sources = view.getUint16(at + 2);
    const end = at + RECORD_HEAD + length * (1 + sources) + auxiliary;
    if (end > bytes.length) throw new FrameError(`a report ends within a group of ${sources} sources`);
    const address = (i: number): Ip => ipFromBytes(bytes, at + RECORD_HEAD + length * i, length) as Ip;
    const group = groupOf(address(0));
    if (type) records.push({ type, group, sources: Array.from({ length: sources }, (_, i) => address(i + 1)) });
    at = end;
  }
  return records;
}

/** @throws FrameError when an address is no multicast group's */
export function groupOf(ip: Ip): Ip {
  if (!isMulticastIp(ip)) throw new FrameError(`a report of ${ip}, which is no multicast group`);
  return ip;
}

/**
 * For how long a report counts (RFC 3376 section 8.4, RFC 3810 section 9.4).
 * @param code bits of the robustness variable and the code of the query interval, as they stand in a query
 * @param response how long hosts may take to answer, in seconds
 */
export function membershipInterval(robustness: number, code: number, response: number): number {
  return (robustness & 7 || DEFAULT_ROBUSTNESS) * floating(code, 8) + response;
}

/** What hosts assume of a querier that does not say (RFC 3376 section 4.1.6, 8.1 and 8.2; RFC 3810 section 9.1). */
const DEFAULT_ROBUSTNESS = 2;

/**
 * A number of `bits` bits whose upper half begins with 1 has three bits of exponent behind that, and a mantissa that
 * begins with a 1 which is not written (RFC 3376 section 4.1.1, RFC 3810 section 5.1.3).
 */
export function floating(code: number, bits: 8 | 16): number {
  const mantissa = bits - 4;
  if (code < 1 << (bits - 1)) return code;
  return ((code & ((1 << mantissa) - 1)) | (1 << mantissa)) << (((code >> mantissa) & 7) + 3);
}
