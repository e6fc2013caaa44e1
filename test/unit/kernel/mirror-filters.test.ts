import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorFilter } from '../../../src/kernel/tc.js';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { snoopFilter } from '../../../src/kernel/bpf/snoop-filter.js';
import { encodeMirrorEcho, encodeOtherEchoes } from '../../../src/frames/mirror-echo.js';
import { FIRST_MIRROR_PREF, MIRROR_FILTERS, TRIAL_FILTERS } from '../../../src/kernel/mirror-filters.js';
import { parseProgram, runBpf } from '../../support/bpf.js';
import * as say from '../../support/say.js';

const SOCKET_FILTER = parseProgram(encodeProgram(snoopFilter(0xfeed)));
const TAGS = [0x8100, 0x88a8];

/** How many filters copy a frame: as cls_u32 asks them, the outermost tag being in the metadata. */
function copies(frame: Buffer): number {
  const protocol = frame.readUInt16BE(12);
  return MIRROR_FILTERS.filter((filter) => filter.protocol === protocol && isMatch(frame, filter.matches)).length;
}

function isMatch(frame: Buffer, matches: MirrorFilter['matches']): boolean {
  const network = TAGS.includes(frame.readUInt16BE(12)) ? 18 : 14;
  return (
    matches?.every(({ bytes, at, mask, value }) => (frame.readUIntBE(network + at, bytes) & mask) === value) ?? true
  );
}

const STACKS: Record<string, say.SaidTag[]> = {
  'no tag': [],
  'a tag': [905],
  'a service tag': [{ tpid: 0x88a8, vid: 10 }],
  'two tags': [10, 20],
  'a tag in a service tag': [{ tpid: 0x88a8, vid: 10 }, 20],
};
const SRC = '52:54:00:00:00:01';
const LL = { from: 'fe80::1', target: 'fe80::1' };

for (const [name, tags] of Object.entries(STACKS)) {
  const ends = { src: SRC, tags };

  test(`all that a listening socket lets pass is copied, once: ${name}`, () => {
    const frames = [
      say.arp(ends, { spa: '10.0.0.1', tpa: '10.0.0.1' }),
      say.rarp(ends),
      say.dhcp(ends, { type: 3, from: '10.9.0.3', ciaddr: '10.9.0.3' }),
      ...[133, 134, 135, 136].map((type) => say.icmp6(ends, type, LL, '00000000')),
      ...[1, 2, 3].map((version) => say.groupQuery(ends, '10.9.0.3', version)),
      ...[1, 2].map((version) => say.groupQuery(ends, 'fe80::3', version)),
      say.groupReport(ends, '10.9.0.3', say.groupRecord(4, '239.1.1.1')),
      say.groupReport(ends, 'fe80::3', say.groupRecord(4, 'ff05::c')),
    ];
    for (const frame of frames) {
      assert.ok(runBpf(SOCKET_FILTER, frame, { 20: 0 }) > 0, 'the socket wants it');
      assert.equal(copies(frame), 1);
    }
  });

  test(`what guests send all the time is not copied: ${name}`, () => {
    const udp = (port: string): string =>
      `45000024000040001111000010090001${'10090002'}1000${port}00100000${'00'.repeat(8)}`;
    const tcp = `4500002800004000400600001009000110090002${'0043'.repeat(10)}`;
    const frames = [
      say.ethernet(ends, 0x0800, udp('0035')),
      say.ethernet(ends, 0x0800, tcp),
      ...[1, 2, 4, 127, 144].map((type) => say.icmp6(ends, type, LL, '00000000')),
      say.ethernet(ends, 0x88b5, '00'.repeat(46)),
    ];
    for (const frame of frames) assert.equal(copies(frame), 0, frame.toString('hex'));
  });
}

test('the mirror’s own frame is copied as any ARP, then redirected; nobody else’s ARP is', () => {
  const actions = (frame: Buffer): boolean[] =>
    MIRROR_FILTERS.filter(({ protocol, matches }) => protocol === 0x0806 && isMatch(frame, matches)).map(
      ({ redirects }) => redirects ?? false,
    );
  assert.deepEqual(actions(Buffer.from(encodeMirrorEcho())), [false, true]);
  assert.deepEqual(actions(say.arp({ src: SRC }, { spa: '98.111.110.100', tpa: '10.0.0.1' })), [false]);
  assert.equal(MIRROR_FILTERS.filter(({ redirects }) => redirects).length, 1);
});

test('its frames of other protocols are copied as what guests say, then redirected; what guests say is not', () => {
  const trial = (frame: Buffer): number =>
    TRIAL_FILTERS.filter(({ protocol, matches }) => protocol === frame.readUInt16BE(12) && isMatch(frame, matches))
      .length;
  for (const frame of encodeOtherEchoes().map((bytes) => Buffer.from(bytes)))
    assert.deepEqual([copies(frame), trial(frame)], [1, 1]);
  const ends = { src: SRC, dst: '01:80:c2:00:00:0e' };
  assert.equal(trial(say.dhcp(ends, { type: 3, from: '10.9.0.3', ciaddr: '10.9.0.3' })), 0);
  const prefs = MIRROR_FILTERS.map(({ pref }) => pref);
  assert.ok(TRIAL_FILTERS.every(({ pref }) => pref > Math.max(...prefs)));
});

test('a pref has one protocol, and is asked after those that the kernel gives by itself', () => {
  const protocols = new Map(MIRROR_FILTERS.map(({ pref, protocol }) => [pref, protocol]));
  for (const { pref, protocol } of MIRROR_FILTERS) assert.equal(protocols.get(pref), protocol);
  assert.ok(FIRST_MIRROR_PREF > 49152);
});
