import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Tag } from '../frames/ethernet.js';
import { type Family, type GroupRecord, type GroupReport, recordBytes } from '../frames/group-records.js';
import { encodeIgmpReport, roomForIgmp } from '../frames/igmp.js';
import { encodeMldReport, roomForMld } from '../frames/mld.js';
import type { Membership } from './membership.js';
import { LATEST } from './queriers.js';

/** What every link that carries IPv6 takes (RFC 8200 section 5), in bytes: the guest's own limit is not known. */
const MTU = 1280;
const ROOM: Readonly<Record<Family, number>> = { 4: roomForIgmp(MTU), 6: roomForMld(MTU) };
const ADDRESS_LENGTH: Readonly<Record<Family, number>> = { 4: 4, 6: 16 };

/**
 * The reports of what a host is in, as few as fit: as the answer to a general query (RFC 3376 section 4.2.12), because
 * nothing has changed, and a router that heard of a change would ask. The kernel does the same for its own groups when a
 * bond fails over (net/ipv4/igmp.c:ip_mc_rejoin_groups).
 * @param newest the version that the querier takes; what the host has reported in an older one is reported in that
 */
export function reportsOf(
  family: Family,
  source: Ip,
  groups: Iterable<readonly [Ip, Pick<Membership, 'mode' | 'sources' | 'version'>]>,
  newest: number,
): GroupReport[] {
  const reports: GroupReport[] = [];
  let records: GroupRecord[] = [];
  let room = 0;
  for (const [group, { mode, sources, version: own }] of groups) {
    const version = Math.min(own, newest);
    const record: GroupRecord = { type: mode === 'include' ? 'is-include' : 'is-exclude', group, sources };
    if (version < LATEST[family]) {
      reports.push({ type: 'report', family, version, source, records: [record] });
      continue;
    }
    room -= recordBytes(record, ADDRESS_LENGTH[family]);
    if (room < 0) {
      records = [];
      room = ROOM[family] - recordBytes(record, ADDRESS_LENGTH[family]);
      reports.push({ type: 'report', family, version, source, records });
    }
    records.push(record);
  }
  return reports;
}

/** The bytes of a frame that reports groups. */
export function encodeReport(mac: Mac, report: GroupReport, tags: readonly Tag[]): Uint8Array {
  return report.family === 4 ? encodeIgmpReport(mac, report, tags) : encodeMldReport(mac, report, tags);
}
