import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Ip, ipFromBytes, isStationIp } from '../../../src/addr/ip.js';
import { type Mac, macFromBytes } from '../../../src/addr/mac.js';
import { FrameError } from '../../../src/errors.js';
import { decodeIpv6 } from '../../../src/frames/ipv6.js';
import { encodeUnsolicitedNa, decodeNd, type NdMessage } from '../../../src/frames/nd.js';
import { dissect } from '../../support/dissect.js';
import * as say from '../../support/say.js';

const GUEST = '52:54:00:12:34:56' as Mac;
const src = { src: GUEST };
const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes));
const anyIp = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => ipFromBytes(bytes, 0, 16) as Ip)
  .filter(isStationIp);
const anyTags = fc.array(
  fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid: fc.nat(4095) }, { noNullPrototype: true }),
);
const read = (frame: Uint8Array): NdMessage | null => decodeNd(decodeIpv6(dissect(frame).payload));

/** A station, 2001:db8::1, announces itself as RFC 4861 has it; the checksum worked out by another program. */
const ANNOUNCEMENT = [
  '333300000001 525400123456 86dd', // to all nodes
  '60000000 0020 3a ff', // 32 bytes of ICMPv6, hop limit 255
  '20010db8000000000000000000000001 ff020000000000000000000000000001',
  '88 00 746f 20000000 20010db8000000000000000000000001', // NA, Override
  '02 01 525400123456', // the target's link-layer address
].join('');

test('an unsolicited NA is, byte for byte, what RFC 4861 says', () => {
  const frame = Buffer.from(encodeUnsolicitedNa(GUEST, '2001:db8::1' as Ip, false, []));
  assert.equal(frame.toString('hex'), ANNOUNCEMENT.replaceAll(' ', ''));
});

test('an unsolicited NA is the one that another writer makes, with tags and the Router flag', () => {
  fc.assert(
    fc.property(anyMac, anyIp, fc.boolean(), anyTags, (mac, ip, router, tags) => {
      const theirs = say.na({ src: mac, tags }, { from: ip, target: ip, flags: router ? 0xa0 : 0x20 });
      assert.deepEqual(Buffer.from(encodeUnsolicitedNa(mac, ip, router, tags)), theirs);
    }),
  );
});

test('an unsolicited NA read back says the same', () => {
  fc.assert(
    fc.property(anyMac, anyIp, fc.boolean(), (mac, ip, router) => {
      const expected = {
        type: 'na',
        source: ip,
        destination: 'ff02::1',
        target: ip,
        router,
        override: true,
        linkLayer: mac,
      };
      assert.deepEqual(read(encodeUnsolicitedNa(mac, ip, router, [])), expected);
    }),
  );
});

test('addresses that no station has get no NA', () => {
  for (const ip of ['10.0.0.1', '::', '::1', 'ff02::1']) {
    assert.throws(() => encodeUnsolicitedNa(GUEST, ip as Ip, false, []), FrameError, ip);
  }
});

test('NS, RS and RA are read as they were written', () => {
  fc.assert(
    fc.property(anyMac, anyIp, anyIp, fc.option(anyMac), (mac, source, target, lla) => {
      const ends = { src: mac };
      const common = { source, destination: 'ff02::1', linkLayer: lla };
      assert.deepEqual(read(say.ns(ends, { from: source, target, lla })), { type: 'ns', target, ...common });
      assert.deepEqual(read(say.rs(ends, { from: source, lla })), { type: 'rs', ...common });
      const router = { ...common, type: 'ra', source: 'fe80::1' };
      assert.deepEqual(read(say.ra(ends, { from: 'fe80::1', lla })), router);
    }),
  );
});

test('options of other kinds are passed over', () => {
  const body = `20000000${say.v6('fe80::1')}0e01a1a2a3a4a5a60102${'00'.repeat(14)}0201525400123456`;
  assert.equal(read(say.icmp6(src, 136, { from: 'fe80::1' }, body))?.linkLayer, GUEST);
});

test('options whose lengths make no sense are refused, of whatever kind', () => {
  for (const options of ['0e00a1a2a3a4a5a6', '0e02a1a2a3a4a5a6', '0e', '0201525400123456' + '0e03a1a2a3a4a5a6']) {
    const body = `20000000${say.v6('fe80::1')}${options}`;
    assert.throws(() => read(say.icmp6(src, 136, { from: 'fe80::1' }, body)), FrameError, options);
  }
});

test('a link-layer address that is not of Ethernet is refused', () => {
  const body = `20000000${say.v6('fe80::1')}0202${'00'.repeat(14)}`;
  assert.throws(() => read(say.icmp6(src, 136, { from: 'fe80::1' }, body)), FrameError);
});

test('ICMPv6 of other kinds, and other protocols, are no ND', () => {
  for (const type of [128, 132, 137]) assert.equal(read(say.icmp6(src, type, { from: 'fe80::1' }, '00000000')), null);
  const other = say.ns(src, { from: 'fe80::1', target: 'fe80::2' });
  other[20] = 17;
  assert.equal(read(other), null);
});

test('one bit that turned on the way makes the checksum wrong', () => {
  const frame = say.na(src, { from: 'fe80::1', target: 'fe80::1' });
  const message = frame.length - 14 - 8; // the addresses and ICMPv6: from byte 8 of the IPv6 header on
  fc.assert(
    fc.property(fc.nat(message - 1), fc.nat(7), (at, bit) => {
      const spoilt = Buffer.from(frame);
      spoilt[22 + at] = (spoilt[22 + at] ?? 0) ^ (1 << bit);
      if (22 + at === 54) assert.ok(!tryRead(spoilt));
      else assert.throws(() => read(spoilt), FrameError);
    }),
  );
});

/** Another type may be none of ours. */
function tryRead(frame: Uint8Array): NdMessage | null | undefined {
  try {
    return read(frame);
  } catch (error) {
    assert.ok(error instanceof FrameError);
    return undefined;
  }
}

test('an IPv6 packet that ends too early, or is none, is refused as such', () => {
  const packet = dissect(say.ns(src, { from: 'fe80::1', target: 'fe80::2' })).payload;
  for (let length = 0; length < packet.length; length++) {
    assert.throws(() => decodeIpv6(packet.subarray(0, length)), FrameError);
  }
  const ipv4 = Buffer.from(packet);
  ipv4[0] = 0x45;
  assert.throws(() => decodeIpv6(ipv4), FrameError);
});
