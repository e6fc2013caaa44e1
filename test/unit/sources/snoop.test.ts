import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { encodeGratuitousArp, encodeRarp } from '../../../src/frames/arp.js';
import { encodeUnsolicitedNa } from '../../../src/frames/nd.js';
import { BatchOfHeard } from '../../../src/listen/snoop-messages.js';
import { type Heard, type HeardIgnoreReason, readFrame } from '../../../src/sources/snoop.js';
import * as say from '../../support/say.js';

const GUEST = '52:54:00:00:00:01';
const OTHER = '52:54:00:00:00:02';
const src = { src: GUEST };
const to = { src: GUEST, dst: OTHER };
const V4 = '10.0.0.1';
const V6 = '2001:db8::1';
const LL = 'fe80::1';

const read = (frame: Uint8Array): Heard => {
  const heard = readFrame(frame, 'out');
  if (typeof heard === 'string' || 'groups' in heard) assert.fail('no station was heard');
  return heard;
};

/** What each frame claims. */
const CLAIMS: Record<string, [Buffer, string[]]> = {
  'a gratuitous ARP request': [say.arp(src, { spa: V4, tpa: V4 }), [V4]],
  'an ARP request for another': [say.arp(src, { spa: V4, tpa: '10.0.0.9' }), [V4]],
  'an ARP reply to all': [say.arp(src, { op: 2, spa: V4, tha: OTHER, tpa: '10.0.0.9' }), [V4]],
  'an ARP reply to one station': [say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: '10.0.0.9' }), []],
  'a gratuitous ARP reply to all': [say.arp(src, { op: 2, spa: V4, tha: GUEST, tpa: V4 }), [V4]],
  'a gratuitous ARP reply to one station': [say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: V4 }), [V4]],
  'an ARP request to one station': [say.arp(to, { spa: V4, tha: OTHER, tpa: '10.0.0.9' }), [V4]],
  'an ARP probe': [say.arp(src, { spa: '0.0.0.0', tpa: V4 }), []],
  'an ARP reply in the name of another': [say.arp(src, { op: 2, sha: OTHER, spa: V4, tpa: V4 }), []],
  'ARP from a loopback address': [say.arp(src, { spa: '127.0.0.1', tpa: V4 }), []],
  'ARP from a multicast address': [say.arp(src, { spa: '224.0.0.1', tpa: V4 }), []],
  'ARP from the broadcast address': [say.arp(src, { spa: '255.255.255.255', tpa: V4 }), []],
  'a RARP request': [say.rarp(src), []],
  'an NS': [say.ns(src, { from: V6, target: '2001:db8::9' }), [V6]],
  'an NS for duplicate address detection': [say.ns(src, { from: '::', target: V6, lla: null }), []],
  'an NS of an optimistic address': [say.ns(src, { from: V6, target: V6, lla: null }), []],
  "an NS with another's link-layer address": [say.ns(src, { from: V6, target: LL, lla: OTHER }), []],
  'an NA with Override': [say.na(src, { from: LL, target: V6 }), [V6]],
  'an NA without Override': [say.na(src, { from: V6, target: V6, flags: 0x80 }), []],
  'an NA without a link-layer address': [say.na(src, { from: V6, target: V6, lla: null }), []],
  "an NA with another's link-layer address": [say.na(src, { from: V6, target: V6, lla: OTHER }), []],
  'an RS': [say.rs(src, { from: LL }), [LL]],
  'an RS without an address': [say.rs(src, { from: '::', lla: null }), []],
  'an RA': [say.ra(src, { from: LL }), [LL]],
  'a DHCP request to keep an address': [say.dhcp(src, { type: 3, from: V4, ciaddr: V4 }), [V4]],
  'a DHCP inform': [say.dhcp(src, { type: 8, from: V4, ciaddr: V4 }), [V4]],
  'a DHCP request for a new address': [say.dhcp(src, { type: 3, from: '0.0.0.0', requested: V4 }), []],
  'a DHCP request with an address that its packet does not have': [
    say.dhcp(src, { type: 3, from: '0.0.0.0', ciaddr: V4 }),
    [],
  ],
  'a DHCP discover': [say.dhcp(src, { type: 1, from: V4, ciaddr: V4 }), []],
  'a DHCP request that a relay passed on': [say.dhcp(src, { type: 3, from: V4, ciaddr: V4, giaddr: '10.0.0.7' }), []],
  'a DHCP request for another client': [say.dhcp(src, { type: 3, from: V4, ciaddr: V4, chaddr: OTHER }), []],
};

for (const [name, [frame, claims]] of Object.entries(CLAIMS)) {
  test(`${name} claims ${claims.join() || 'nothing'}`, () => {
    const heard = read(frame);
    assert.deepEqual([heard.mac, heard.claims, heard.releases], [GUEST, claims, []]);
  });
}

test('an ARP reply to one station confirms the address in it, where it is about its sender', () => {
  const confirms = (frame: Buffer): readonly string[] => read(frame).confirms;
  assert.deepEqual(confirms(say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: '10.0.0.9' })), [V4]);
  assert.deepEqual(confirms(say.arp(to, { op: 2, sha: OTHER, spa: V4, tha: OTHER, tpa: '10.0.0.9' })), []);
  assert.deepEqual(confirms(say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: V4 })), [], 'it claims it');
  assert.deepEqual(confirms(say.arp(src, { spa: V4, tpa: V4 })), []);
});

test('who asks for an address, and is not probing, is a station that misses it', () => {
  const asks = (frame: Buffer): string | undefined => read(frame).asks;
  const other = '10.0.0.9';
  assert.equal(asks(say.arp(src, { spa: V4, tpa: other })), other);
  assert.equal(asks(say.arp(to, { spa: V4, tha: OTHER, tpa: other })), other);
  assert.equal(asks(say.ns(src, { from: LL, target: V6 })), V6);
  for (const frame of [
    say.arp(src, { spa: '0.0.0.0', tpa: other }),
    say.arp(src, { spa: V4, tpa: V4 }),
    say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: other }),
    say.ns(src, { from: '::', target: V6, lla: null }),
    say.na(src, { from: LL, target: V6 }),
    say.rs(src, { from: LL }),
  ])
    assert.equal(asks(frame), undefined);
});

test('a station that asks for many is heard once, and every question of one that comes in is told, once', () => {
  const batch = new BatchOfHeard();
  const add = (n: number, direction: 'in' | 'out' | 'echo', tags: number[] = []): void =>
    batch.add(readFrame(say.arp({ src: GUEST, tags }, { spa: V4, tpa: `10.0.0.${n}` }), direction));
  for (const n of [7, 8, 7]) add(n, 'in');
  add(7, 'in', [905]);
  add(9, 'out');
  add(9, 'echo');
  const { heard, asked } = batch.drain() ?? assert.fail();
  assert.equal(heard.filter(({ direction }) => direction === 'in').length, 2, 'with a tag and without');
  assert.deepEqual(
    asked.map(({ ip, tags }) => [ip, tags.map(({ vid }) => vid)]),
    [
      ['10.0.0.7', []],
      ['10.0.0.8', []],
      ['10.0.0.7', [905]],
    ],
  );
  assert.equal(batch.drain(), null);
});

/** Frames that kernels send of themselves when a device comes up, and frames that only the station itself sends. */
const PROOFS: Record<string, [Buffer, boolean]> = {
  'an ARP probe': [say.arp(src, { spa: '0.0.0.0', tpa: V4 }), false],
  'an ARP request': [say.arp(src, { spa: V4, tpa: '10.0.0.9' }), true],
  'an ARP reply to one station': [say.arp(to, { op: 2, spa: V4, tha: OTHER, tpa: '10.0.0.9' }), true],
  'an NS for duplicate address detection': [say.ns(src, { from: '::', target: LL, lla: null }), false],
  'an NS': [say.ns(src, { from: V6, target: '2001:db8::9' }), true],
  'an RS without an address': [say.rs(src, { from: '::', lla: null }), false],
  'an RS': [say.rs(src, { from: LL }), false],
  'an RA': [say.ra(src, { from: LL }), true],
  'an NA': [say.na(src, { from: LL, target: LL }), true],
  'a DHCP discover without an address': [say.dhcp(src, { type: 1, from: '0.0.0.0' }), false],
  'a DHCP request to keep an address': [say.dhcp(src, { type: 3, from: V4, ciaddr: V4 }), true],
  'a RARP request, as QEMU sends it on arrival': [say.rarp(src), true],
};

for (const [name, [frame, proof]] of Object.entries(PROOFS)) {
  test(`${name} ${proof ? 'proves' : 'does not prove'} that its sender is here`, () => {
    assert.equal(read(frame).proof, proof);
  });
}

test('a DHCP release and a DHCP decline give an address up', () => {
  assert.deepEqual(read(say.dhcp(src, { type: 7, from: V4, ciaddr: V4 })).releases, [V4]);
  assert.deepEqual(read(say.dhcp(src, { type: 4, from: '0.0.0.0', requested: V4 })).releases, [V4]);
  assert.deepEqual(read(say.dhcp(src, { type: 7, from: V4, ciaddr: V4, chaddr: OTHER })).releases, []);
});

test('who says to be a router, and who to be none', () => {
  const says = (frame: Buffer): unknown[] => {
    const { router, raSent, rsSent } = read(frame);
    return [router, raSent, rsSent];
  };
  assert.deepEqual(says(say.ra(src, { from: LL })), [true, true, false]);
  assert.deepEqual(says(say.ra(src, { from: LL, lla: null })), [true, true, false]);
  assert.deepEqual(says(say.rs(src, { from: LL })), [false, false, true]);
  assert.deepEqual(says(say.na(src, { from: LL, target: LL, flags: 0xa0 })), [true, false, false]);
  assert.deepEqual(says(say.na(src, { from: LL, target: LL, flags: 0x20 })), [false, false, false]);
  assert.deepEqual(says(say.na(src, { from: LL, target: LL, flags: 0x00, lla: null })), [false, false, false]);
  assert.deepEqual(says(say.na(src, { from: LL, target: LL, flags: 0xa0, lla: OTHER })), [null, false, false]);
  assert.deepEqual(says(say.ns(src, { from: LL, target: V6 })), [null, false, false]);
  assert.deepEqual(says(say.arp(src, { spa: V4, tpa: V4 })), [null, false, false]);
});

test('tags are read outermost first, whatever their priority, and one for VLAN 0 names none', () => {
  const tags = [{ tpid: 0x88a8, vid: 0xe000 | 10 }, { tpid: 0x8100, vid: 0x2000 }, 905];
  assert.deepEqual(read(say.arp({ src: GUEST, tags }, { spa: V4, tpa: V4 })).tags, [
    { tpid: 0x88a8, vid: 10 },
    { tpid: 0x8100, vid: 905 },
  ]);
});

test('ARP is told from the rest, and the direction is the one given', () => {
  assert.equal(read(say.arp(src, { spa: V4, tpa: V4 })).arp, true);
  assert.equal(read(say.rarp(src)).arp, false);
  const incoming = readFrame(say.rarp(src), 'in');
  assert.ok(typeof incoming === 'object' && 'direction' in incoming && incoming.direction === 'in');
});

const IGNORED: Record<string, [Buffer, HeardIgnoreReason]> = {
  'a frame from a group address': [say.rarp({ src: '01:00:5e:00:00:01' }), 'group-source'],
  'a frame from address zero': [say.rarp({ src: '00:00:00:00:00:00' }), 'zero-source'],
  'another protocol': [say.ethernet(src, 0x88b5, ''), 'not-of-interest'],
  'an MLD report': [say.icmp6(src, 143, { from: '::', hopLimit: 1 }, '00000000'), 'not-of-interest'],
  'an echo request': [say.icmp6(src, 128, { from: V6 }, '00000000'), 'not-of-interest'],
  'a datagram to another port': [say.udp4(src, { from: V4, dport: 53 }, '00'), 'not-of-interest'],
  'a frame cut within its header': [say.rarp(src).subarray(0, 13), 'malformed'],
  'ARP cut short': [say.arp(src, { spa: V4, tpa: V4 }).subarray(0, 41), 'malformed'],
  'ARP that is neither request nor reply': [say.arp(src, { op: 3, spa: V4, tpa: V4 }), 'malformed'],
  'ARP for other addresses': [say.ethernet(src, 0x0806, `0006080006040001${'00'.repeat(20)}`), 'malformed'],
  'an NA that was routed': [say.na(src, { from: V6, target: V6, hopLimit: 254 }), 'malformed'],
  'an NA with a wrong checksum': [say.na(src, { from: V6, target: V6, checksum: 0x1234 }), 'malformed'],
  'an NA with a code': [say.na(src, { from: V6, target: V6, code: 1 }), 'malformed'],
  'an NA about a multicast address': [say.na(src, { from: V6, target: 'ff02::2' }), 'malformed'],
  'a solicited NA to all nodes': [say.na(src, { from: V6, target: V6, flags: 0x60 }), 'malformed'],
  'an NA with an option without length': [
    say.icmp6(src, 136, { from: V6 }, `20000000${say.v6(V6)}0200525400000001`),
    'malformed',
  ],
  'an NA with an option that is too long': [
    say.icmp6(src, 136, { from: V6 }, `20000000${say.v6(V6)}0202525400000001`),
    'malformed',
  ],
  'an NA with half an option': [say.icmp6(src, 136, { from: V6 }, `20000000${say.v6(V6)}02`), 'malformed'],
  'an NA with two link-layer addresses': [
    say.icmp6(src, 136, { from: V6 }, `20000000${say.v6(V6)}02015254000000010201525400000002`),
    'malformed',
  ],
  'an NA without a target': [say.icmp6(src, 136, { from: V6 }, '20000000'), 'malformed'],
  'an NS from no address with a link-layer address': [say.ns(src, { from: '::', target: V6 }), 'malformed'],
  'an RS from no address with a link-layer address': [say.rs(src, { from: '::' }), 'malformed'],
  'an RA from an address that is not link-local': [say.ra(src, { from: V6 }), 'malformed'],
  'DHCP cut short': [say.udp4(src, { from: V4 }, '00'.repeat(100)), 'malformed'],
  'a first fragment': [say.dhcp(src, { type: 3, from: V4, fragment: 0x2000 }), 'malformed'],
};

for (const [name, [frame, reason]] of Object.entries(IGNORED)) {
  test(`${name} says nothing: ${reason}`, () => assert.equal(readFrame(frame, 'out'), reason));
}

test('a checksum that hardware is to fill in is not asked for', () => {
  const frame = say.na(src, { from: V6, target: V6, checksum: 0 });
  assert.equal(readFrame(frame, 'out', true), 'malformed');
  const heard = readFrame(frame, 'out', false);
  assert.ok(typeof heard === 'object' && 'claims' in heard && heard.claims[0] === V6);
});

test('what we announce of a guest reads as the guest would have said it', () => {
  const guest = GUEST as Mac;
  const tags = [{ tpid: 0x8100, vid: 905 }];
  const says = {
    mac: guest,
    tags,
    direction: 'in',
    claims: [],
    confirms: [],
    releases: [],
    router: null,
    raSent: false,
    rsSent: false,
    proof: true,
  };
  assert.deepEqual(readFrame(encodeRarp(guest, tags), 'in'), { ...says, arp: false });
  assert.deepEqual(readFrame(encodeGratuitousArp(guest, V4 as Ip, tags), 'in'), { ...says, claims: [V4], arp: true });
  for (const router of [false, true]) {
    const na = encodeUnsolicitedNa(guest, V6 as Ip, router, tags);
    assert.deepEqual(readFrame(na, 'in'), { ...says, claims: [V6], router, arp: false });
  }
});

test('whatever bytes come, they are heard or ignored for a reason', () => {
  const whole = fc.constantFrom(...Object.values(CLAIMS).map(([frame]) => frame));
  const spoilt = fc.tuple(whole, fc.nat(340), fc.array(fc.tuple(fc.nat(340), fc.nat(255)), { maxLength: 6 }));
  const frames = spoilt.map(([frame, keep, changes]) => {
    const bytes = Uint8Array.from(frame.subarray(0, keep));
    for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(frames, fc.uint8Array({ maxLength: 120 })), fc.boolean(), (bytes, checksumReady) => {
      const heard = readFrame(bytes, 'in', checksumReady);
      if (typeof heard === 'string' || 'groups' in heard) return;
      assert.ok(heard.claims.length + heard.confirms.length + heard.releases.length <= 1);
    }),
    { numRuns: 5000 },
  );
});
