import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { assemble, encodeProgram, jump, label, load, pass } from '../../../src/kernel/bpf/assembler.js';
import { SNAP_LENGTH, snoopFilter } from '../../../src/kernel/bpf/snoop-filter.js';
import { parseDdd, parseProgram, runBpf } from '../../support/bpf.js';
import * as say from '../../support/say.js';

const MARK = 0xfeed;
const OURS = parseProgram(encodeProgram(snoopFilter(MARK)));

const ND = '(ip6 and ip6[6] = 58 and ip6[40] >= 133 and ip6[40] <= 136)';
const MLD = '(ip6 and ip6[6] = 0 and ip6[40] = 58)';
const WANTED = `(arp or rarp or ${ND} or ${MLD} or (ip and (igmp or udp dst port 67)))`;
const isTag = (at: number): string => `(ether[${at}:2] = 0x8100 or ether[${at}:2] = 0x88a8)`;
// `vlan` moves everything after it, so the parts with more tags come last.
const EXPRESSION = `${WANTED} or (${isTag(12)} and vlan and (${WANTED} or (${isTag(16)} and vlan and ${WANTED})))`;

/** libpcap's program for the bytes alone: without a device it knows of no metadata. */
const tcpdump = execFileSync('tcpdump', ['-ddd', '-y', 'EN10MB', EXPRESSION], { encoding: 'utf8' });
const THEIRS = parseDdd(tcpdump);

const passes = (frame: Uint8Array, mark = 0): boolean => runBpf(OURS, frame, { 20: mark }) > 0;

const SRC = '52:54:00:00:00:01';
const anyTag = fc.record({ tpid: fc.constantFrom(0x8100, 0x8100, 0x88a8, 0x9100), vid: fc.nat(0xffff) });
const anyEnds = fc.array(anyTag, { maxLength: 3 }).map((tags) => ({ src: SRC, tags }));
const LL = { from: 'fe80::1', target: 'fe80::1' };

const anyFrame = fc.oneof(
  anyEnds.map((ends) => say.arp(ends, { spa: '10.0.0.1', tpa: '10.0.0.1' })),
  anyEnds.map((ends) => say.rarp(ends)),
  anyEnds.map((ends) => say.groupReport(ends, 'fe80::1', say.groupRecord(4, 'ff05::c'))),
  anyEnds.map((ends) => say.groupQuery(ends, '10.0.0.1', 2)),
  fc.tuple(anyEnds, fc.integer({ min: 130, max: 139 })).map(([ends, type]) => say.icmp6(ends, type, LL, '00000000')),
  fc
    .tuple(
      anyEnds,
      fc.constantFrom(66, 67, 67, 68),
      fc.integer({ min: 0, max: 15 }),
      fc.constantFrom(0, 0, 0x2000, 0x4000, 0x1fff, 1),
    )
    .map(([ends, dport, ihl, fragment]) => say.udp4(ends, { from: '10.0.0.1', dport, ihl, fragment }, '00'.repeat(20))),
  fc
    .tuple(anyEnds, fc.constantFrom(0x0800, 0x86dd, 0x88b5, 0x0806), fc.uint8Array({ maxLength: 80 }))
    .map(([ends, type, payload]) => say.ethernet(ends, type, Buffer.from(payload).toString('hex'))),
);
/** Some are cut short, and in some a byte is another. */
const anySpoilt = fc.tuple(anyFrame, fc.nat(70), fc.nat(60), fc.nat(255)).map(([frame, keep, at, byte]) => {
  const spoilt = Buffer.from(frame.subarray(0, keep + 10));
  if (at < spoilt.length) spoilt[at] = byte;
  return spoilt;
});

test('every frame passes our filter that passes what libpcap compiles for the same expression, and no other', () => {
  const outcomes = { passed: 0, not: 0 };
  fc.assert(
    fc.property(fc.oneof({ weight: 2, arbitrary: anyFrame }, anySpoilt), (frame) => {
      const theirs = runBpf(THEIRS, frame) > 0;
      assert.equal(passes(frame), theirs, frame.toString('hex'));
      outcomes[theirs ? 'passed' : 'not']++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(outcomes.passed > 300 && outcomes.not > 300, JSON.stringify(outcomes));
});

const NAMED: [string, boolean, (ends: say.Ends) => Buffer][] = [
  ['ARP', true, (ends) => say.arp(ends, { spa: '10.0.0.1', tpa: '10.0.0.1' })],
  ['RARP', true, (ends) => say.rarp(ends)],
  ['NS', true, (ends) => say.ns(ends, LL)],
  ['NA', true, (ends) => say.na(ends, LL)],
  ['RS', true, (ends) => say.rs(ends, LL)],
  ['RA', true, (ends) => say.ra(ends, LL)],
  ['echo request', false, (ends) => say.icmp6(ends, 128, LL, '00000000')],
  ['redirect', false, (ends) => say.icmp6(ends, 137, LL, '00000000')],
  ['IGMP', true, (ends) => say.groupQuery(ends, '10.0.0.1', 3)],
  ['MLD', true, (ends) => say.groupReport(ends, 'fe80::1', say.groupRecord(4, 'ff05::c'))],
  ['DHCP request', true, (ends) => say.dhcp(ends, { type: 3, from: '10.0.0.1' })],
  ['DHCP behind IP options', true, (ends) => say.dhcp(ends, { type: 3, from: '10.0.0.1', ihl: 15 })],
  ['DHCP answer', false, (ends) => say.dhcp(ends, { type: 5, from: '10.0.0.1', dport: 68 })],
  ['later fragment', false, (ends) => say.dhcp(ends, { type: 3, from: '10.0.0.1', fragment: 20 })],
  ['DNS', false, (ends) => say.udp4(ends, { from: '10.0.0.1', dport: 53 }, '00'.repeat(20))],
];

for (const [name, wanted, frame] of NAMED) {
  test(`${name} ${wanted ? 'passes' : 'does not pass'}, untagged and behind one or two tags, but not behind three`, () => {
    for (const tags of [[], [1], [905], [{ tpid: 0x88a8, vid: 10 }, 20]]) {
      assert.equal(passes(frame({ src: SRC, tags })), wanted, JSON.stringify(tags));
    }
    assert.equal(passes(frame({ src: SRC, tags: [1, 2, 3] })), false);
  });
}

test('a frame with our own mark does not pass, whatever it is', () => {
  for (const [, , frame] of NAMED) assert.equal(passes(frame({ src: SRC }), MARK), false);
});

test('a frame passes up to the length that we read', () => {
  assert.equal(runBpf(OURS, say.rarp({ src: SRC }), { 20: 0 }), SNAP_LENGTH);
});

test('a program whose jumps lead nowhere, back or too far is refused', () => {
  const far = Array.from({ length: 256 }, () => load.x(0));
  assert.throws(() => assemble([jump.equal(1, { yes: 'nowhere' }), pass(0)]), RangeError);
  assert.throws(() => assemble([label('back'), load.x(0), jump.equal(1, { yes: 'back' }), pass(0)]), RangeError);
  assert.throws(() => assemble([jump.equal(1, { yes: 'far' }), ...far, label('far'), pass(0)]), RangeError);
  const [first] = assemble([jump.equal(1, { no: 'near' }), ...far.slice(1), label('near'), pass(0)]);
  assert.deepEqual(first, { code: 0x15, jt: 0, jf: 255, k: 1 });
});
