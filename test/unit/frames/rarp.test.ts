import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mac, macFromBytes } from '../../../src/addr/mac.js';
import { FrameError } from '../../../src/errors.js';
import { decodeEthernet, encodeEthernet } from '../../../src/frames/ethernet.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { decodeRarp } from '../../support/rarp.js';
import { dissect } from '../../support/dissect.js';

const GUEST = '52:54:00:12:34:56' as Mac;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes));
const anyTag = fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid: fc.nat(4095) }, { noNullPrototype: true });
const anyTags = fc.array(anyTag, { maxLength: 5 });

/** What lib/packets.c:compose_rarp and net/announce.c:announce_self_create write for this address. */
const OVS_AND_QEMU = [
  'ffffffffffff 525400123456 8035', // to everyone, from the guest, RARP
  '0001 0800 06 04 0003', // Ethernet, IPv4, their lengths, request reverse
  '525400123456 00000000', // the sender: the guest, no address
  '525400123456 00000000', // the target: the guest, no address
].join(' ');

test('the first 42 bytes of an announcement are those that Open vSwitch and QEMU send', () => {
  const frame = encodeRarp(GUEST, []);
  assert.equal(hex(frame.subarray(0, 42)), OVS_AND_QEMU.replaceAll(' ', ''));
});

test('an announcement is a whole frame: 60 bytes, and 4 more for each tag, zero after the packet', () => {
  const dot1q = { tpid: 0x8100, vid: 905 };
  assert.equal(encodeRarp(GUEST, []).length, 60);
  assert.equal(encodeRarp(GUEST, [dot1q]).length, 64);
  assert.equal(encodeRarp(GUEST, [{ tpid: 0x88a8, vid: 1 }, dot1q]).length, 68);
  assert.deepEqual(encodeRarp(GUEST, [dot1q]).subarray(46), new Uint8Array(18));
});

test('tags stand between the addresses and the EtherType, the outermost first, with priority 0', () => {
  const frame = encodeRarp(GUEST, [
    { tpid: 0x88a8, vid: 10 },
    { tpid: 0x8100, vid: 4094 },
  ]);
  assert.equal(hex(frame.subarray(0, 22)), 'ffffffffffff52540012345688a8000a81000ffe8035');
});

test('another reader finds in an announcement what was put into it', () => {
  fc.assert(
    fc.property(anyMac, anyTags, (mac, tags) => {
      const { dst, src, arp, ...seen } = dissect(encodeRarp(mac, tags));
      assert.deepEqual([dst, src, seen.tags, seen.etherType], ['ff:ff:ff:ff:ff:ff', mac, tags, 0x8035]);
      assert.deepEqual(arp, { op: 3, sha: mac, spa: '0.0.0.0', tha: mac, tpa: '0.0.0.0' });
    }),
  );
});

test('an announcement read back says the same', () => {
  fc.assert(
    fc.property(anyMac, anyTags, (mac, tags) => {
      assert.deepEqual(decodeRarp(encodeRarp(mac, tags)), { operation: 3, sender: mac, target: mac, tags });
    }),
  );
});

test('any frame read back says the same, its padding aside', () => {
  const anyHeader = fc.record(
    {
      destination: anyMac,
      source: anyMac,
      tags: anyTags,
      etherType: fc.nat(0xffff).filter((type) => type !== 0x8100 && type !== 0x88a8),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(anyHeader, fc.uint8Array({ maxLength: 1500, size: 'max' }), (header, payload) => {
      const { payload: found, ...rest } = decodeEthernet(encodeEthernet({ ...header, payload }));
      assert.deepEqual(rest, header);
      assert.deepEqual(found.subarray(0, payload.length), payload);
      assert.equal(found.length, Math.max(46, payload.length));
    }),
  );
});

test('a VLAN identifier that no tag can carry is refused', () => {
  for (const vid of [-1, 4096, 1.5, NaN, Infinity]) {
    assert.throws(() => encodeRarp(GUEST, [{ tpid: 0x8100, vid }]), FrameError);
  }
});

test('a frame that ends too early, at whatever byte, is refused as such', () => {
  const whole = encodeRarp(GUEST, [{ tpid: 0x8100, vid: 10 }]);
  for (let length = 0; length < 46; length++) assert.throws(() => decodeRarp(whole.subarray(0, length)), FrameError);
  assert.equal(decodeRarp(whole.subarray(0, 46)).sender, GUEST);
});

test('a frame is read wherever it lies in a larger buffer', () => {
  const large = new Uint8Array(200);
  large.set(encodeRarp(GUEST, []), 77);
  assert.equal(decodeRarp(large.subarray(77, 137)).target, GUEST);
});

test('frames of other protocols are refused as such', () => {
  const padding = '00'.repeat(40);
  const arp = bytesOf(`ffffffffffff 525400123456 0806 0001080006040001 ${padding}`);
  const ax25 = bytesOf(`ffffffffffff 525400123456 8035 0003080006040003 ${padding}`);
  const ipv6 = bytesOf(`ffffffffffff 525400123456 8035 000186dd06100003 ${padding}`);
  for (const frame of [arp, ax25, ipv6]) assert.throws(() => decodeRarp(frame), FrameError);
});

test('whatever bytes come, reading them gives a frame or a FrameError', () => {
  const spoilt = fc.tuple(anyTags, fc.uint8Array({ maxLength: 20 }), fc.nat(60)).map(([tags, noise, at]) => {
    const frame = encodeRarp(GUEST, tags);
    frame.set(noise.subarray(0, frame.length - at), at);
    return frame;
  });
  fc.assert(
    fc.property(fc.oneof(spoilt, fc.uint8Array({ maxLength: 80 })), (bytes) => {
      try {
        decodeRarp(bytes);
      } catch (error) {
        assert.ok(error instanceof FrameError);
      }
    }),
  );
});
