import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import { type Mac, macFromBytes } from '../../../src/addr/mac.js';
import { FrameError } from '../../../src/errors.js';
import { ARP_REPLY, decodeArp, encodeGratuitousArp } from '../../../src/frames/arp.js';
import { dissect } from '../../support/dissect.js';
import * as say from '../../support/say.js';

const GUEST = '52:54:00:12:34:56' as Mac;
const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes));
const anyIp = fc.ipV4().map((ip) => ip as Ip);
const anyTags = fc.array(
  fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid: fc.nat(4095) }, { noNullPrototype: true }),
);
const payloadOf = (frame: Uint8Array): Uint8Array => dissect(frame).payload;

test('a gratuitous ARP is the broadcast request that Linux sends, padded to 60 bytes', () => {
  const frame = Buffer.from(encodeGratuitousArp(GUEST, '192.0.2.1' as Ip, []));
  const expected =
    'ffffffffffff5254001234560806' + '0001080006040001' + '525400123456c0000201' + '000000000000c0000201';
  assert.equal(frame.toString('hex'), expected.padEnd(120, '0'));
});

test('in the form of a reply its target is its sender, as Linux asks of a gratuitous one', () => {
  const { dst, arp } = dissect(encodeGratuitousArp(GUEST, '192.0.2.1' as Ip, [], ARP_REPLY));
  assert.equal(dst, 'ff:ff:ff:ff:ff:ff');
  assert.deepEqual(arp, { op: 2, sha: GUEST, spa: '192.0.2.1', tha: GUEST, tpa: '192.0.2.1' });
});

test('another reader finds in a gratuitous ARP what was put into it', () => {
  fc.assert(
    fc.property(anyMac, anyIp, anyTags, (mac, ip, tags) => {
      const { dst, src, arp, tags: seen } = dissect(encodeGratuitousArp(mac, ip, tags));
      assert.deepEqual([dst, src, seen], ['ff:ff:ff:ff:ff:ff', mac, tags]);
      assert.deepEqual(arp, { op: 1, sha: mac, spa: ip, tha: '00:00:00:00:00:00', tpa: ip });
    }),
  );
});

test('ARP is read as it was written', () => {
  fc.assert(
    fc.property(
      anyMac,
      anyIp,
      anyMac,
      anyIp,
      fc.constantFrom(1, 2),
      (sender, senderIp, target, targetIp, operation) => {
        const frame = say.arp(
          { src: GUEST },
          { op: operation, sha: sender, spa: senderIp, tha: target, tpa: targetIp },
        );
        assert.deepEqual(decodeArp(payloadOf(frame)), { operation, sender, senderIp, target, targetIp });
      },
    ),
  );
});

test('what is no ARP request or reply over Ethernet and IPv4 is refused as such', () => {
  const good = payloadOf(say.arp({ src: GUEST }, { spa: '10.0.0.1', tpa: '10.0.0.1' })).subarray(0, 28);
  assert.equal(decodeArp(good).senderIp, '10.0.0.1');
  for (let length = 0; length < 28; length++) assert.throws(() => decodeArp(good.subarray(0, length)), FrameError);
  for (const [at, byte] of [
    [1, 2],
    [2, 9],
    [3, 1],
    [4, 8],
    [5, 16],
    [6, 1],
    [7, 0],
    [7, 3],
  ] as const) {
    const spoilt = Uint8Array.from(good);
    spoilt[at] = byte;
    assert.throws(() => decodeArp(spoilt), FrameError, `byte ${at}`);
  }
});

test('an IPv6 address has no gratuitous ARP', () => {
  assert.throws(() => encodeGratuitousArp(GUEST, '2001:db8::1' as Ip, []), FrameError);
});
