import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { FrameError } from '../../../src/errors.js';
import {
  floating,
  type GroupMessage,
  type GroupReport,
  membershipInterval,
} from '../../../src/frames/group-records.js';
import { decodeIgmp } from '../../../src/frames/igmp.js';
import { decodeIpv4 } from '../../../src/frames/ipv4.js';
import { decodeIpv6 } from '../../../src/frames/ipv6.js';
import { decodeMld, isSolicitedNode, solicitedNodeGroup } from '../../../src/frames/mld.js';
import { encodeReport } from '../../../src/groups/reports.js';
import { dissect } from '../../support/dissect.js';
import * as say from '../../support/say.js';

const GUEST = '52:54:00:12:34:56';
const ENDS = { src: GUEST, tags: [905] };
const FROM = { 4: '192.0.2.1', 6: 'fe80::1' } as const;
const GROUP = { 4: '239.1.2.3', 6: 'ff05::c' } as const;

function read(frame: Uint8Array): GroupMessage | null {
  const { etherType, payload } = dissect(frame);
  return etherType === 0x0800 ? decodeIgmp(decodeIpv4(payload)) : decodeMld(decodeIpv6(payload));
}

function report(
  family: 4 | 6,
  version: number,
  type: GroupReport['records'][number]['type'],
  sources: string[] = [],
): GroupReport {
  const record = { type, group: GROUP[family] as Ip, sources: sources as Ip[] };
  return { type: 'report', family, version, source: FROM[family] as Ip, records: [record] };
}

test('reports and leaves of every version are read as what they mean in records', () => {
  const igmp = (type: number): Buffer => say.igmp(ENDS, { type, from: FROM[4], to: GROUP[4], body: 'ef010203' });
  const mld = (type: number): Buffer =>
    say.mld(ENDS, { type, from: FROM[6], to: GROUP[6], body: `00000000${say.v6(GROUP[6])}` });
  assert.deepEqual(read(igmp(0x12)), report(4, 1, 'is-exclude'));
  assert.deepEqual(read(igmp(0x16)), report(4, 2, 'is-exclude'));
  assert.deepEqual(read(igmp(0x17)), report(4, 2, 'to-include'));
  assert.deepEqual(read(mld(131)), report(6, 1, 'is-exclude'));
  assert.deepEqual(read(mld(132)), report(6, 1, 'to-include'));
  const types = ['is-include', 'is-exclude', 'to-include', 'to-exclude', 'allow', 'block'] as const;
  for (const [n, type] of types.entries()) {
    const four = say.groupReport(ENDS, FROM[4], say.groupRecord(n + 1, GROUP[4], ['192.0.2.9', '192.0.2.8']));
    assert.deepEqual(read(four), report(4, 3, type, ['192.0.2.9', '192.0.2.8']));
    const six = say.groupReport(ENDS, FROM[6], say.groupRecord(n + 1, GROUP[6], ['2001:db8::9']));
    assert.deepEqual(read(six), report(6, 2, type, ['2001:db8::9']));
  }
});

test('records with data that nobody defined are read, those of types that nobody defined are passed over', () => {
  const records = [say.groupRecord(9, '239.1.1.1'), say.groupRecord(4, GROUP[4], [], '00'.repeat(12))];
  assert.deepEqual(read(say.groupReport(ENDS, FROM[4], ...records)), report(4, 3, 'to-exclude'));
});

test('queries tell their version, and for how long reports count', () => {
  const [ends, asked] = [{ src: GUEST }, { type: 'query', membershipInterval: null }];
  for (const version of [1, 2])
    assert.deepEqual(read(say.groupQuery(ends, FROM[4], version)), { ...asked, family: 4, version });
  assert.deepEqual(read(say.groupQuery(ends, FROM[6], 1)), { ...asked, family: 6, version: 1 });
  const latest = [say.groupQuery(ends, FROM[4], 3, [3, 60]), say.groupQuery(ends, FROM[6], 2, [3, 60])].map(read);
  for (const query of latest)
    assert.ok(query?.type === 'query' && Math.abs((query.membershipInterval ?? 0) - 180.1) < 1e-6);
  const silent = read(say.groupQuery(ends, FROM[4], 3, [2, 0]));
  assert.ok(silent?.type === 'query' && silent.membershipInterval === null, 'it does not give its interval');
});

test('numbers with an exponent are read as the RFCs say', () => {
  assert.deepEqual([floating(127, 8), floating(0x80, 8), floating(0xff, 8)], [127, 128, 31_744]);
  assert.deepEqual([floating(0x7fff, 16), floating(0x8000, 16), floating(0xffff, 16)], [32_767, 32_768, 8_387_584]);
  assert.equal(membershipInterval(0, 125, 10), 260, 'a robustness of 0 is the default');
});

test('what we write is, byte for byte, what the RFCs and the kernel say, and is read again', () => {
  const said: [GroupReport, Buffer][] = [
    [report(4, 1, 'is-exclude'), say.igmp(ENDS, { type: 0x12, from: FROM[4], to: GROUP[4], body: 'ef010203' })],
    [report(4, 2, 'is-exclude'), say.igmp(ENDS, { type: 0x16, from: FROM[4], to: GROUP[4], body: 'ef010203' })],
    [report(4, 3, 'is-include', ['192.0.2.9']), say.groupReport(ENDS, FROM[4], say.groupRecord(1, GROUP[4], ['192.0.2.9']))],
    [report(6, 1, 'is-exclude'), say.mld(ENDS, { type: 131, from: FROM[6], to: GROUP[6], body: `00000000${say.v6(GROUP[6])}` })],
    [report(6, 2, 'is-exclude'), say.groupReport(ENDS, FROM[6], say.groupRecord(2, GROUP[6]))],
  ]; // prettier-ignore
  for (const [values, bytes] of said) {
    const frame = encodeReport(GUEST as Mac, values, [{ tpid: 0x8100, vid: 905 }]);
    assert.equal(Buffer.from(frame).toString('hex'), bytes.toString('hex').padEnd(128, '0'));
    assert.deepEqual(read(frame), values);
  }
});

test('what receivers have to discard is refused as such', () => {
  const igmp = say.groupReport(ENDS, FROM[4], say.groupRecord(4, GROUP[4], ['192.0.2.9']));
  const mld = say.groupReport(ENDS, FROM[6], say.groupRecord(4, GROUP[6]));
  const changed = (frame: Buffer, at: number, byte: number): Buffer => {
    const bytes = Buffer.from(frame);
    bytes[at] = byte;
    return bytes;
  };
  const refused: Record<string, Uint8Array> = {
    'an IGMP checksum': changed(igmp, 18 + 24 + 2, 0),
    'an MLD checksum': changed(mld, 18 + 48 + 2, 0),
    'MLD that was routed': changed(mld, 18 + 7, 2),
    'a fragment': changed(igmp, 18 + 6, 0x20),
    'more records than there are': say.igmp(ENDS, { type: 0x22, from: FROM[4], to: '224.0.0.22', body: '0000ffff04000000ef010203' }),
    'more sources than there are': say.igmp(ENDS, { type: 0x22, from: FROM[4], to: '224.0.0.22', body: '000000010400ffffef010203' }),
    'more data than there is': say.igmp(ENDS, { type: 0x22, from: FROM[4], to: '224.0.0.22', body: '0000000104ff0000ef010203' }),
    'a group that is none': say.groupReport(ENDS, FROM[4], say.groupRecord(4, '192.0.2.1')),
    'an IPv6 group that is none': say.groupReport(ENDS, FROM[6], say.groupRecord(4, '2001:db8::1')),
    'an old report of no group': say.igmp(ENDS, { type: 0x16, from: FROM[4], to: GROUP[4], body: 'c0000201' }),
    'MLD from an address that is routed': say.groupReport(ENDS, '2001:db8::1', say.groupRecord(4, GROUP[6])),
    'half a message': say.mld(ENDS, { type: 131, from: FROM[6], to: GROUP[6], body: '00000000' }),
  }; // prettier-ignore
  for (const [what, frame] of Object.entries(refused)) assert.throws(() => read(frame), FrameError, what);
  assert.equal(read(say.igmp(ENDS, { type: 0x13, from: FROM[4], to: GROUP[4], body: '00000000' })), null);
  assert.equal(read(say.na({ src: GUEST }, { from: FROM[6], target: FROM[6] })), null);
});

test('an address leads to its solicited-node group', () => {
  assert.equal(solicitedNodeGroup('2001:db8::12:3456' as Ip), 'ff02::1:ff12:3456');
  assert.equal(solicitedNodeGroup('fe80::1' as Ip), 'ff02::1:ff00:1');
  assert.ok(isSolicitedNode('ff02::1:ff00:0' as Ip) && !isSolicitedNode('ff02::1:fe00:1' as Ip));
});
