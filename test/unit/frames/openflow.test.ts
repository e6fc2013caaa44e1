import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { OpenFlowError } from '../../../src/errors.js';
import {
  errorName,
  encodeHello,
  negotiate,
  encodeEchoReply,
  encodeMessage,
  type Message,
  MessageReader,
  TYPE,
  type Version,
  VERSIONS,
} from '../../../src/frames/openflow/message.js';
import {
  barrierReplyType,
  encodeBarrierRequest,
  encodePacketOut,
  IN_PORT_CONTROLLER,
} from '../../../src/frames/openflow/packet-out.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { seeded } from '../../support/seeded.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const only = (text: string): Message => {
  const [message, ...more] = new MessageReader().take(bytes(text));
  assert.ok(message && more.length === 0);
  return message;
};

const FRAME = encodeRarp('52:54:00:00:00:11' as Mac, []);
const FRAME_HEX = hex(FRAME);

/**
 * What `ovs-ofctl -O VERSION packet-out SOCKET "in_port=PORT packet=FRAME actions=NORMAL"` of Open vSwitch 3.1 wrote to
 * the unix socket, by version; its xid is 6.
 */
const OFCTL: [Version, number, string][] = [
  [1, 3, '010d0056 00000006 ffffffff 0003 0008 00000008fffa0000'],
  [1, IN_PORT_CONTROLLER, '010d0056 00000006 ffffffff fffd 0008 00000008fffa0000'],
  [4, 3, '040d0066 00000006 ffffffff 00000003 0010 000000000000 00000010fffffffa0000000000000000'],
  [4, 0xfffe, '040d0066 00000006 ffffffff fffffffe 0010 000000000000 00000010fffffffa0000000000000000'],
  [5, 3, '050d0066 00000006 ffffffff 00000003 0010 000000000000 00000010fffffffa0000000000000000'],
  [6, 3, '060d006e 00000006 ffffffff 0010 0000 0001000c800000040000000300000000 00000010fffffffa0000000000000000'],
];

/** The frame was given with two zeros more. */
const PADDED = new Uint8Array(62);
PADDED.set(FRAME);

test('a packet-out is what ovs-ofctl writes, byte for byte, in each version', () => {
  for (const [version, inPort, head] of OFCTL) {
    const ours = encodePacketOut(version, 6, { inPort, frame: PADDED });
    assert.equal(hex(ours), hex(bytes(head)) + hex(PADDED), `version ${version}, port ${inPort}`);
  }
});

test('the frame of a packet-out is the RARP that it was', () => {
  const text = hex(encodePacketOut(4, 1, { inPort: 3, frame: FRAME }));
  assert.ok(text.endsWith(FRAME_HEX));
});

test('barriers are what ovs-ofctl writes, and their answers what the switch does', () => {
  const spoken: [Version, string, string][] = [
    [1, '0112000800000007', '0113000800000007'],
    [4, '0414000800000007', '0415000800000007'],
    [5, '0514000800000007', '0515000800000007'],
    [6, '0614000800000007', '0615000800000007'],
  ];
  for (const [version, request, reply] of spoken) {
    assert.equal(hex(encodeBarrierRequest(version, 7)), request);
    const { type, xid } = only(reply);
    assert.deepEqual([type, xid], [barrierReplyType(version), 7]);
  }
});

test('the version is the highest that both sides speak', () => {
  const cases: [string, Version | null, Version[]?][] = [
    ['0600000800000018', 6], // Open vSwitch 3.1 as it comes: 1.0 to 1.5, no bitmap
    ['05000010000000160001000800000020', 5], // protocols=OpenFlow14
    ['04000010000000010001000800000012', 4], // protocols=OpenFlow10,OpenFlow13
    ['04000010000000010001000800000012', 1, [1, 2, 3]],
    ['05000010000000160001000800000020', null, [1, 4]],
    ['0100000800000001', 1],
    ['0900000800000001', 6],
    ['00000008 00000001', null],
  ];
  for (const [hello, version, ours] of cases) assert.equal(negotiate(only(hello), ours), version, hello);
});

test('our own HELLO names what we speak', () => {
  assert.equal(hex(encodeHello(1)), '0600001000000001 00010008 0000007e'.replaceAll(' ', ''));
  const message = only(hex(encodeHello(9, [1, 4])));
  assert.deepEqual([message.version, message.type, message.xid], [4, TYPE.hello, 9]);
  for (const version of VERSIONS) {
    const common = negotiate(only(hex(encodeHello(0, [version]))));
    assert.equal(common, version);
  }
});

test('elements of a HELLO that make no sense are passed over', () => {
  const hostile = [
    '06000009 00000001 00',
    '0600000c 00000001 00010000', // says to be 0 bytes long: must not be looked at for ever
    '0600000c 00000001 00010004', // a bitmap without bits
    '0600000c 00000001 00010008', // cut off
    '06000010 00000001 0002fff8 00000000', // unknown, and longer than the message
  ];
  for (const text of hostile) assert.equal(negotiate(only(text)), 6, text);
  assert.equal(negotiate(only('06000018 00000001 0007000500000000 0001000800000002')), 1, 'behind an unknown one');
});

test('errors have the names of the specification', () => {
  const cases: [string, string][] = [
    ['05010034 00000107 0002 0004 050d0028', 'OFPBAC_BAD_OUT_PORT'],
    ['01010062 00000106 0001 0000', 'OFPBRC_BAD_VERSION'],
    ['0101000c 00000106 0000 0000', 'OFPHFC_INCOMPATIBLE'],
    ['0101000c 00000106 0001 0005', 'OFPBRC_EPERM'],
    ['0101000c 00000106 0001 000b', 'OFPBRC_BAD_PORT'],
    ['0101000c 00000106 0001 ffff', 'OFPET_OTHER'],
    ['0101000c 00000106 b0c2 0000', 'OFPET_OTHER'],
    ['0101000c 00000106 ffff 0001', 'OFPET_OTHER'],
    ['0101000b 00000106 0001 00', 'OFPET_OTHER'],
    ['01010008 00000106', 'OFPET_OTHER'],
  ];
  for (const [text, name] of cases)
    assert.equal(errorName({ version: 1, type: 1, xid: 0, body: bytes(text).subarray(8) }), name);
});

test('an echo is answered with what it brought', () => {
  assert.equal(hex(encodeEchoReply(only('0402000c 0000002a deadbeef'))), '0403000c0000002adeadbeef');
});

test('messages are cut out of the stream wherever it is cut itself', () => {
  const chance = seeded(7);
  const messages = Array.from({ length: 50 }, (_, n) =>
    encodeMessage({ version: 4, type: n, xid: n, body: new Uint8Array(Math.floor(chance() * 300)) }),
  );
  const stream = Buffer.concat(messages);
  const reader = new MessageReader();
  const read: string[] = [];
  for (let at = 0; at < stream.length;) {
    const length = 1 + Math.floor(chance() * 40);
    for (const message of reader.take(stream.subarray(at, at + length))) read.push(hex(encodeMessage(message)));
    at += length;
  }
  assert.deepEqual(read, messages.map(hex));
});

test('a length that is shorter than a header ends the conversation, not the process', () => {
  for (const text of ['0400000000000000', '0400000700000000'])
    assert.throws(() => new MessageReader().take(bytes(text)), OpenFlowError);
});

test('whatever bytes come, only an OpenFlowError comes of them, and less than a message is kept', () => {
  const chance = seeded(11);
  for (let n = 0; n < 20_000; n++) {
    const noise = Uint8Array.from({ length: Math.floor(chance() * 40) }, () => Math.floor(chance() * 256));
    try {
      for (const message of new MessageReader().take(noise)) {
        negotiate(message);
        errorName(message);
      }
    } catch (error) {
      assert.ok(error instanceof OpenFlowError, String(error));
    }
  }
});

test('a port that cannot be, and a frame that is too long, are refused', () => {
  for (const inPort of [0, -7, 1.5, 0x10000, NaN])
    assert.throws(() => encodePacketOut(4, 1, { inPort, frame: FRAME }), OpenFlowError);
  assert.throws(() => encodePacketOut(4, 1, { inPort: 1, frame: new Uint8Array(0xffff) }), OpenFlowError);
});
