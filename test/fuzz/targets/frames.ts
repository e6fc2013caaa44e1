import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isMulticastIp, isStationIp, parseIp } from '../../../src/addr/ip.js';
import { parseMac } from '../../../src/addr/mac.js';
import { hasOurForm, readSeen, type SeenFrame } from '../../../src/cli/seen-frame.js';
import { seenDocument, seenLine } from '../../../src/cli/seen-line.js';
import { FrameError } from '../../../src/errors.js';
import { decodeEthernet, encodeEthernet, retag, type Tag } from '../../../src/frames/ethernet.js';
import { decodeIpv6, encodeIpv6 } from '../../../src/frames/ipv6.js';
import { recordBytes } from '../../../src/frames/group-records.js';
import { GroupTable } from '../../../src/groups/group-table.js';
import { encodeReport } from '../../../src/groups/reports.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { decodeRarp } from '../../support/rarp.js';
import { FrameBook, isPlainRarp } from '../../../src/sources/frame-book.js';
import { CrossCheck } from '../../../src/standby/cross-check.js';
import { type Heard, type HeardGroups, readFrame } from '../../../src/sources/snoop.js';
import * as say from '../../support/say.js';
import { recorded } from '../engine/corpus.js';
import { assertOneLine, only } from '../engine/only.js';
import type { Target } from '../engine/target.js';

const REASONS = new Set(['not-of-interest', 'malformed', 'group-source', 'zero-source']);

function assertMac(mac: string): void {
  assert.equal(parseMac(mac), mac);
}

function assertTags(tags: readonly Tag[], bytes: Uint8Array): void {
  assert.ok(4 * tags.length <= bytes.length, 'more tags than there is room for');
  for (const { tpid, vid } of tags) {
    assert.ok(tpid === 0x8100 || tpid === 0x88a8);
    assert.ok(Number.isInteger(vid) && vid >= 0 && vid <= 4095);
  }
}

function assertHeard({ mac, tags, claims, releases }: Heard, bytes: Uint8Array): void {
  assertMac(mac);
  assert.notEqual(parseInt(mac.slice(1, 2), 16) & 1, 1, 'a group address is no station');
  assertTags(tags, bytes);
  assert.ok(tags.every(({ vid }) => vid !== 0));
  assert.ok(claims.length + releases.length <= 1, 'a frame speaks of one address');
  for (const ip of [...claims, ...releases]) assert.ok(parseIp(ip) === ip && isStationIp(ip), ip);
}

/** What of groups is read takes no more room than the frame, and is read again from what we write of it. */
function assertGroups({ mac, tags, groups }: HeardGroups, bytes: Uint8Array): void {
  assertMac(mac);
  assertTags(tags, bytes);
  if (groups.type === 'query') return assert.ok(groups.version >= 1 && (groups.membershipInterval ?? 1) > 0);
  const length = groups.family === 4 ? 4 : 16;
  assert.ok(groups.records.reduce((sum, record) => sum + recordBytes(record, length), 0) <= bytes.length);
  for (const { group, sources } of groups.records) {
    assert.ok(isMulticastIp(group) && parseIp(group) === group, group);
    for (const ip of sources) assert.equal(parseIp(ip), ip);
  }
  const table = new GroupTable(2);
  const station = { mac, bond: 1, tags };
  table.heard(station, groups, true, 0);
  const said = table.reports(station, [], 0);
  const latest = groups.family === 4 ? 3 : 2;
  for (const report of said) {
    const again = readFrame(encodeReport(mac, report, tags), 'out');
    assert.ok(typeof again === 'object' && 'groups' in again && again.groups.type === 'report');
    assert.deepEqual(again.groups.records, report.records);
    assert.ok(report.version === latest || report.records.length === 1);
  }
}

function assertSeen(frame: SeenFrame, bytes: Uint8Array): void {
  const sighted = { time: 1, link: 'up1', direction: 'in', ours: null } as const;
  assertOneLine(seenLine(frame, sighted, 4), 300 + 10 * frame.tags.length);
  JSON.stringify(seenDocument(frame, sighted));
  assertTags(frame.tags, bytes);
  if (frame.problem !== null) assertOneLine(frame.problem, 200);
  only([FrameError], () => hasOurForm(bytes, frame));
}

/** What is put together again says the same as before. */
function assertRoundTrips(bytes: Uint8Array): void {
  const frame = decodeEthernet(bytes);
  assert.deepEqual(decodeEthernet(retag(bytes, [])).tags, []);
  const again = decodeEthernet(encodeEthernet(frame));
  assert.deepEqual({ ...again, payload: [] }, { ...frame, payload: [] });
  assert.ok(Buffer.from(again.payload.buffer, again.payload.byteOffset).indexOf(frame.payload) === 0);
  const packet = only([FrameError], () => decodeIpv6(frame.payload));
  if (packet) assert.deepEqual(decodeIpv6(encodeIpv6(packet)), packet);
  const rarp = only([FrameError], () => decodeRarp(bytes));
  if (rarp) assert.deepEqual(decodeRarp(encodeRarp(rarp.sender, rarp.tags)).tags, rarp.tags);
}

function run(bytes: Uint8Array): void {
  for (const checksumReady of [true, false]) {
    const heard = readFrame(bytes, 'out', checksumReady);
    if (typeof heard === 'string') assert.ok(REASONS.has(heard), heard);
    else if ('groups' in heard) assertGroups(heard, bytes);
    else assertHeard(heard, bytes);
  }
  const seen = readSeen(bytes);
  if (seen) assertSeen(seen, bytes);
  only([FrameError], () => assertRoundTrips(bytes));
  const book = new FrameBook(1);
  book.note(bytes, 0);
  assert.equal(book.has(bytes, 0), only([FrameError], () => decodeEthernet(bytes)) !== undefined);
  isPlainRarp(bytes);
  const check = new CrossCheck();
  check.follow(1, [2], -9);
  check.passed(bytes, 'in', 0);
  check.heard(2, bytes, 0);
  check.settle(9);
  for (const { tags, missed } of check.takeNews()) {
    assertTags(tags, bytes);
    assert.equal(missed, 0, 'a frame is not known again');
  }
}

/** Every message that is read, put together by hand from the RFCs, under one tag, two and none. */
function handmade(): Uint8Array[] {
  const src = '52:54:00:12:34:56';
  const link = 'fe80::5054:ff:fe12:3456';
  return [[], [905], [{ tpid: 0x88a8, vid: 100 }, 7]].flatMap((tags) => {
    const ends = { src, tags };
    const about = { from: link, to: 'ff02::1', target: '2001:db8::1', lla: src };
    return [
      say.arp(ends, { op: 2, spa: '192.0.2.1', tpa: '192.0.2.1' }),
      say.rarp(ends),
      say.na(ends, { ...about, flags: 0xa0 }),
      say.ns(ends, about),
      say.rs(ends, { from: link, to: 'ff02::2', lla: src }),
      say.ra(ends, { from: link, to: 'ff02::1', lla: src }),
      say.dhcp(ends, { type: 3, from: '192.0.2.1', ciaddr: '192.0.2.1', chaddr: src }),
      say.groupReport(
        ends,
        '192.0.2.1',
        say.groupRecord(4, '239.1.1.1'),
        say.groupRecord(5, '232.1.1.1', ['192.0.2.9']),
      ),
      say.groupReport(ends, link, say.groupRecord(2, 'ff05::c'), say.groupRecord(6, 'ff35::c', ['2001:db8::9'])),
      ...[1, 2, 3].map((version) => say.groupQuery(ends, '192.0.2.1', version)),
      ...[1, 2].map((version) => say.groupQuery(ends, link, version)),
      say.igmp(ends, { type: 0x16, from: '192.0.2.1', to: '239.1.1.1', body: 'ef010101' }),
      say.mld(ends, { type: 131, from: link, to: 'ff05::c', body: `00000000${say.v6('ff05::c')}` }),
    ];
  });
}

/** Frames whose lengths and checksums are right, and whose contents are not. */
function wellMade(): fc.Arbitrary<Uint8Array> {
  const ends = fc.record({
    src: fc.constantFrom('52:54:00:12:34:56', '01:00:5e:00:00:01', '00:00:00:00:00:00'),
    tags: fc.array(fc.oneof(fc.nat(4095), fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid: fc.nat(4095) })), {
      maxLength: 5,
    }),
  });
  const hex = (most: number): fc.Arbitrary<string> =>
    fc.uint8Array({ maxLength: most }).map((bytes) => Buffer.from(bytes).toString('hex'));
  const even = hex(80).map((digits) => digits.slice(0, digits.length & ~3)); // the checksum adds two bytes at a time
  const ip6 = fc.constantFrom('fe80::5054:ff:fe12:3456', '2001:db8::1', '::', 'ff02::1', '::1');
  const ip4 = fc.constantFrom('192.0.2.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '127.0.0.1');
  const nd = fc
    .tuple(ends, fc.integer({ min: 132, max: 137 }), fc.record({ from: ip6, to: ip6 }), even)
    .map(([at, type, ip, body]) => say.icmp6(at, type, ip, body));
  // The beginning of a DHCP message, to be cut off anywhere, and options that are none.
  const request = say.dhcp({ src: '52:54:00:12:34:56' }, { type: 3, from: '192.0.2.1', ciaddr: '192.0.2.1' });
  const message = request.subarray(14 + 28).toString('hex');
  const data = fc.tuple(fc.nat(260), hex(40)).map(([length, more]) => message.slice(0, 2 * length) + more);
  const udp = fc.tuple(ends, ip4, data).map(([at, from, said]) => say.udp4(at, { from }, said));
  const groups = fc.array(fc.tuple(fc.nat(8), fc.boolean(), fc.array(ip6, { maxLength: 5 })), { maxLength: 6 });
  const report = fc.tuple(ends, ip6, groups, fc.nat(40)).map(([at, from, records, cut]) => {
    const body = records.map(([type, isGroup, sources]) => say.groupRecord(type, isGroup ? 'ff05::c' : '::1', sources));
    const text = `0000${records.length.toString(16).padStart(4, '0')}${body.join('')}`;
    return say.mld(at, {
      type: 143,
      from,
      to: 'ff02::16',
      body: text.slice(0, 8 + 8 * Math.floor((text.length - 8 - cut) / 8)),
    });
  });
  const igmp = fc
    .tuple(ends, fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22), ip4, even)
    .map(([at, type, from, body]) => say.igmp(at, { type, code: body.length & 255, from, to: '239.1.1.1', body }));
  const arp = fc.tuple(ends, fc.nat(4), ip4, ip4).map(([at, op, spa, tpa]) => say.arp(at, { op, spa, tpa }));
  return fc.oneof(nd, udp, arp, report, igmp).map((frame) => new Uint8Array(frame));
}

export const target = (): Target => ({
  corpus: [...recorded('frames'), ...handmade()].map((frame) => new Uint8Array(frame)),
  generated: wellMade(),
  tokens: [
    '8100',
    '88a8',
    '81000000',
    '810003e9',
    '86dd',
    '0806',
    '8035',
    '0800',
    '0101',
    '0201',
    '35',
    'ff',
    '63825363',
  ].map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
  maxBytes: 9216,
  run,
});
