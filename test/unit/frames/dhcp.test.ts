import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { macFromBytes } from '../../../src/addr/mac.js';
import { FrameError } from '../../../src/errors.js';
import { decodeDhcp, type DhcpMessage, decodeUdp, type Udp } from '../../../src/frames/dhcp.js';
import { decodeIpv4 } from '../../../src/frames/ipv4.js';
import { dissect } from '../../support/dissect.js';
import * as say from '../../support/say.js';

const src = { src: '52:54:00:12:34:56' };
const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes));

function udp(frame: Uint8Array): Udp {
  const datagram = decodeUdp(decodeIpv4(dissect(frame).payload));
  assert.ok(datagram);
  return datagram;
}

const read = (frame: Uint8Array): DhcpMessage | null => decodeDhcp(udp(frame).payload);

test('a client message is read as it was written', () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      anyMac,
      fc.ipV4(),
      fc.option(fc.ipV4()),
      fc.boolean(),
      fc.integer({ min: 5, max: 15 }),
      (type, chaddr, ciaddr, requested, relayed, ihl) => {
        const relay = relayed ? { giaddr: '10.0.0.7' } : {};
        const asked = requested === null ? {} : { requested };
        const frame = say.dhcp(src, { type, chaddr, ciaddr, from: ciaddr, ihl, ...relay, ...asked });
        assert.deepEqual(read(frame), { type, client: chaddr, clientIp: ciaddr, requestedIp: requested, relayed });
        const { source, destination, sourcePort, destinationPort } = udp(frame);
        assert.deepEqual([source, destination, sourcePort, destinationPort], [ciaddr, '255.255.255.255', 68, 67]);
      },
    ),
  );
});

test("a server's message, BOOTP and clients not on Ethernet are passed over", () => {
  const good = Buffer.from(udp(say.dhcp(src, { type: 3, from: '10.0.0.1' })).payload);
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes;
  };
  assert.ok(decodeDhcp(good));
  for (const [at, byte] of [
    [0, 2],
    [1, 6],
    [2, 16],
    [236, 0],
    [240, 52],
  ] as const) {
    assert.equal(decodeDhcp(changed(at, byte)), null, `byte ${at}`);
  }
  assert.equal(decodeDhcp(changed(3, 1))?.relayed, true);
});

test('options that end too late are refused, and what stands after the end is not read', () => {
  const head = udp(say.dhcp(src, { type: 3, from: '10.0.0.1' })).payload.subarray(0, 240);
  const withOptions = (...options: number[]): Uint8Array => Uint8Array.of(...head, ...options);
  assert.throws(() => decodeDhcp(head.subarray(0, 239)), FrameError);
  assert.throws(() => decodeDhcp(withOptions(53)), FrameError);
  assert.throws(() => decodeDhcp(withOptions(53, 1)), FrameError);
  assert.throws(() => decodeDhcp(withOptions(53, 1, 3, 50, 4, 10, 0, 0)), FrameError);
  assert.equal(decodeDhcp(withOptions()), null);
  assert.equal(decodeDhcp(withOptions(255, 53, 1, 3)), null);
  assert.equal(decodeDhcp(withOptions(0, 0, 53, 1, 7, 255, 53))?.type, 7);
  assert.equal(decodeDhcp(withOptions(53, 1, 3, 53, 1, 7))?.type, 3);
  assert.equal(decodeDhcp(withOptions(53, 2, 3, 3))?.type, 0);
  assert.equal(decodeDhcp(withOptions(53, 1, 4, 50, 3, 10, 0, 0))?.requestedIp, null);
});

test('a UDP datagram that is not whole is refused, one of another protocol passed over', () => {
  const packet = Buffer.from(dissect(say.udp4(src, { from: '10.0.0.1' }, '00'.repeat(30))).payload);
  const changed = (...changes: [number, number][]): Buffer => {
    const bytes = Buffer.from(packet);
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  };
  for (let length = 0; length < packet.length; length++) {
    assert.throws(() => decodeUdp(decodeIpv4(packet.subarray(0, length))), FrameError, `${length} bytes`);
  }
  assert.equal(decodeUdp(decodeIpv4(changed([9, 6]))), null);
  const spoilt: [number, number][] = [
    [0, 0x65],
    [0, 0x44],
    [3, 10],
    [3, 24],
    [6, 0x20],
    [7, 1],
    [25, 7],
    [25, 200],
  ];
  for (const change of spoilt) assert.throws(() => decodeUdp(decodeIpv4(changed(change))), FrameError, change.join());
  assert.throws(() => decodeUdp(decodeIpv4(changed([0, 0x44], [21, 20]))), /header/);
  assert.equal(decodeUdp(decodeIpv4(changed([6, 0x40])))?.payload.length, 30);
});
