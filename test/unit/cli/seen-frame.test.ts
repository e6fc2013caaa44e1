import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { OwnFrames } from '../../../src/cli/frame-printer.js';
import { hasOurForm, readSeen, type SeenFrame } from '../../../src/cli/seen-frame.js';
import { seenDocument, seenLine, type Sighted } from '../../../src/cli/seen-line.js';
import { ARP_REPLY, encodeGratuitousArp, encodeRarp } from '../../../src/frames/arp.js';
import { encodeUnsolicitedNa } from '../../../src/frames/nd.js';
import * as say from '../../support/say.js';

const SRC = '52:54:00:00:00:01' as Mac;
const PLAIN = { src: SRC, tags: [] };
const LL = { from: 'fe80::1', target: 'fe80::1' };
const AT: Sighted = { time: 1_700_000_000.000123, link: 'up1', direction: 'out', ours: false };

function seen(bytes: Uint8Array): SeenFrame {
  const frame = readSeen(bytes);
  assert.ok(frame);
  return frame;
}

/** The words after the MAC. */
const words = (bytes: Uint8Array): string => seenLine(seen(bytes), AT, 3).slice(68).replace(/\s+/g, ' ').trim();
const kind = (bytes: Uint8Array): string => seen(bytes).kind;

test('a line has time, link, direction, kind, MAC, VLANs, ours or not, and the address', () => {
  const garp = encodeGratuitousArp(SRC, '10.0.0.1' as Ip, []);
  assert.equal(
    seenLine(seen(garp), AT, 4),
    '22:13:20.000123  up1   out  garp         52:54:00:00:00:01  -        not ours  10.0.0.1',
  );
  const tagged = encodeRarp(SRC, [
    { tpid: 0x88a8, vid: 100 },
    { tpid: 0x8100, vid: 20 },
  ]);
  const maybe = { ...AT, link: 'eno1\x1b[2J', direction: 'in', ours: null } as const;
  assert.equal(
    seenLine(seen(tagged), maybe, 3),
    '22:13:20.000123  eno1?[2J  in   rarp         52:54:00:00:00:01  100(ad)/20  ours?     -',
  );
  assert.match(seenLine(seen(garp), { ...AT, time: 1_699_999_999.9999997 }, 3), /^22:13:20\.000000 /);
});

test('a document has the same for programs', () => {
  const na = encodeUnsolicitedNa(SRC, '2001:db8::1' as Ip, true, [{ tpid: 0x8100, vid: 905 }]);
  assert.deepEqual(seenDocument(seen(na), { ...AT, ours: true }), {
    time: 1_700_000_000.000123,
    link: 'up1',
    direction: 'out',
    kind: 'na',
    mac: SRC,
    destination: '33:33:00:00:00:01',
    vlan: 905,
    tags: [{ tpid: '0x8100', vid: 905 }],
    address: '2001:db8::1',
    target: null,
    hardware: SRC,
    flags: ['router', 'override'],
    ours: true,
    problem: null,
  });
});

test('each kind says whom it is about', () => {
  const ask = { spa: '10.0.0.1', tpa: '10.0.0.2' };
  assert.equal(words(say.arp(PLAIN, ask)), 'not ours 10.0.0.1 asks for 10.0.0.2');
  assert.equal(words(say.arp(PLAIN, { ...ask, op: 2 })), 'not ours 10.0.0.1 to 10.0.0.2');
  assert.equal(words(say.arp(PLAIN, { spa: '0.0.0.0', tpa: '10.0.0.2' })), 'not ours - asks for 10.0.0.2');
  assert.equal(
    words(say.arp(PLAIN, { ...ask, sha: '52:54:00:00:00:99' })),
    'not ours 10.0.0.1 asks for 10.0.0.2 is at 52:54:00:00:00:99',
  );
  assert.deepEqual(
    [
      say.arp(PLAIN, ask),
      say.arp(PLAIN, { ...ask, op: 2 }),
      say.arp(PLAIN, { spa: '0.0.0.0', tpa: '10.0.0.2' }),
      say.arp(PLAIN, { spa: '10.0.0.1', tpa: '10.0.0.1' }),
      say.rarp(PLAIN),
      ...[say.ns, say.na, say.rs, say.ra].map((make) => make(PLAIN, LL)),
    ].map(kind),
    ['arp-request', 'arp-reply', 'arp-probe', 'garp', 'rarp', 'ns', 'na', 'rs', 'ra'],
  );
  assert.match(words(say.ns(PLAIN, { from: 'fe80::1', target: 'fe80::2' })), /^not ours fe80::1 asks for fe80::2/);
});

test('what is broken is shown as that, what is something else not at all', () => {
  const cut = encodeGratuitousArp(SRC, '10.0.0.1' as Ip, []).subarray(0, 30);
  assert.deepEqual([kind(cut), words(cut)], ['malformed', 'not ours ARP packet of 16 bytes is too short']);
  assert.equal(readSeen(say.icmp6(PLAIN, 128, LL, '00000000')), null);
  assert.equal(readSeen(say.udp4(PLAIN, { from: '10.0.0.1', dport: 67 }, '00')), null);
  assert.equal(readSeen(new Uint8Array(13)), null);
});

test('our form is ours to the byte', () => {
  const tags = [{ tpid: 0x8100, vid: 905 }];
  const ours = [
    encodeRarp(SRC, tags),
    encodeGratuitousArp(SRC, '10.0.0.1' as Ip, []),
    encodeGratuitousArp(SRC, '10.0.0.1' as Ip, [], ARP_REPLY),
    encodeUnsolicitedNa(SRC, 'fe80::1' as Ip, false, tags),
    encodeUnsolicitedNa(SRC, 'fe80::1' as Ip, true, []),
  ];
  for (const bytes of ours) {
    assert.ok(hasOurForm(bytes, seen(bytes)));
    for (const at of [5, bytes.length - 1]) {
      const other = Uint8Array.from(bytes);
      other[at] = (other[at] ?? 0) ^ 1;
      assert.ok(!hasOurForm(other, seen(other)), `byte ${at}`);
    }
  }
  const request = say.arp(PLAIN, { spa: '10.0.0.1', tpa: '10.0.0.2' });
  assert.ok(!hasOurForm(request, seen(request)));
});

test('ours is what bears our mark; where nothing does, what looks so may be', () => {
  const own = new OwnFrames();
  const rarp = encodeRarp(SRC, []);
  const judge = (way: 'in' | 'out' | 'ours', marked: boolean, time = 1, bytes = rarp): boolean | null =>
    own.judge(way, marked, time, bytes, seen(bytes));
  assert.equal(judge('in', true), false);
  assert.equal(judge('out', true), false, "QEMU's, say");
  assert.equal(judge('in', true), false, 'which does not make its echo ours');
  assert.equal(judge('out', false), null);
  assert.equal(judge('ours', true), true);
  assert.equal(judge('out', false, 1, say.arp(PLAIN, { spa: '10.0.0.1', tpa: '10.0.0.2' })), false);
});

test('one of ours that comes back by another link may be ours, for a while', () => {
  const own = new OwnFrames();
  const rarp = encodeRarp(SRC, []);
  assert.equal(own.judge('ours', true, 10, rarp, seen(rarp)), true);
  const other = encodeRarp('52:54:00:00:00:02' as Mac, []);
  assert.equal(own.judge('in', true, 10.1, other, seen(other)), false);
  assert.equal(own.judge('in', true, 10.1, rarp, seen(rarp)), null);
  assert.equal(own.judge('in', true, 12.1, rarp, seen(rarp)), false);
  for (let n = 0; n < 5000; n++) {
    const mac =
      `52:54:00:01:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}` as Mac;
    const bytes = encodeRarp(mac, []);
    own.judge('ours', true, 10, bytes, seen(bytes));
  }
  assert.equal(own.judge('in', true, 10.1, rarp, seen(rarp)), false, 'the oldest is forgotten');
});
