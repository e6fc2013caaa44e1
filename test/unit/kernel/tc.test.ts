import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macFromBytes } from '../../../src/addr/mac.js';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import * as link from '../../../src/kernel/requests.js';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { spareOwnFrames } from '../../../src/kernel/bpf/snoop-filter.js';
import * as tc from '../../../src/kernel/tc.js';

/** The number that the recorded programs gave their requests. */
const SEQ = 0x6b006971;
const DEVICE = 1;
const MIRROR =
  '0b000100 6d697272 65640000 24000280 20000200 00000000 00000000 ffffffff 00000000 00000000 02000000 01000000';

function assertSent(bytes: Uint8Array, expected: string): void {
  assert.equal(Buffer.from(bytes).toString('hex'), expected.replaceAll(/\s/g, ''));
}

// What `strace tc ...` of iproute2 6.1 shows it send, on a little-endian host, on `lo` with copies to `lo`.

test('requests for the qdisc are byte for byte those of tc', () => {
  const rest = '7169006b 00000000 00000000 01000000 0000ffff f1ffffff 00000000 0b000100 636c73616374 0000';
  assertSent(tc.addClsactRequest(DEVICE, SEQ), `30000000 2400 0506 ${rest}`);
  assertSent(tc.deleteClsactRequest(DEVICE, SEQ), `30000000 2500 0500 ${rest}`);
});

test('a matchall filter is byte for byte that of tc', () => {
  assertSent(
    tc.addFilterRequest(DEVICE, { pref: 49190, protocol: 0x0806, matches: null }, 1, SEQ),
    `70000000 2c00 0506 7169006b 00000000 00000000 01000000 00000000 f3ffffff 080626c0
     0d000100 6d617463 68616c6c 00000000 3c000200 38000200 34000100 ${MIRROR}`,
  );
});

test('a filter that copies all but what has our mark is byte for byte that of tc', () => {
  const program = { index: 7, bytes: encodeProgram(spareOwnFrames(0x626f6e64)) };
  assertSent(
    tc.addFilterRequest(DEVICE, { pref: 49190, protocol: 0x0806, matches: null }, 1, SEQ, program),
    `c4000000 2c00 0506 7169006b 00000000 00000000 01000000 00000000 f3ffffff 080626c0
     0d000100 6d617463 68616c6c 00000000 90000200 8c000200 54000100 08000100 62706600 48000280 06000300 04000000
     24000400 20000000 14f0ffff 15000001 646e6f62 06000000 64000000 06000000 ffffffff
     18000200 07000000 00000000 03000000 00000000 00000000
     34000200 ${MIRROR}`,
  );
});

test('a u32 filter is byte for byte that of tc', () => {
  const matches = [
    { bytes: 1, value: 17, mask: 0xff, at: 9 },
    { bytes: 2, value: 67, mask: 0xffff, at: 22 },
  ] as const;
  assertSent(
    tc.addFilterRequest(DEVICE, { pref: 49192, protocol: 0x0800, matches }, 1, SEQ),
    `9c000000 2c00 0506 7169006b 00000000 00000000 01000000 00000000 f3ffffff 080028c0
     08000100 75333200 70000200 38000700 34000100 ${MIRROR}
     34000500 01000200 00000000 00000000 00000000 00ff0000 00110000 08000000 00000000 0000ffff 00000043 14000000 00000000`,
  );
});

test('a u32 filter may look before the network header and at a part of a byte', () => {
  const matches = [
    { bytes: 2, value: 0x86dd, mask: 0xffff, at: -2 },
    { bytes: 1, value: 58, mask: 0xff, at: 6 },
    { bytes: 1, value: 0x84, mask: 0xfc, at: 40 },
  ] as const;
  assertSent(
    tc.addFilterRequest(DEVICE, { pref: 49194, protocol: 0x8100, matches }, 1, SEQ),
    `ac000000 2c00 0506 7169006b 00000000 00000000 01000000 00000000 f3ffffff 81002ac0
     08000100 75333200 80000200 38000700 34000100 ${MIRROR}
     44000500 01000300 00000000 00000000 00000000 0000ffff 000086dd fcffffff 00000000
     0000ff00 00003a00 04000000 00000000 fc000000 84000000 28000000 00000000`,
  );
});

test('filters are deleted and listed by requests like those of tc', () => {
  const header = '7169006b 00000000 00000000 01000000 00000000';
  assertSent(
    tc.deleteFilterRequest(DEVICE, { pref: 49190, protocol: 0x0806, matches: null }, SEQ),
    `24000000 2d00 0500 ${header} f3ffffff 080626c0`,
  );
  // We want an acknowledgement of everything; for a dump the kernel sends its end instead.
  assertSent(tc.filterDumpRequest(DEVICE, 'egress', SEQ), `24000000 2e00 0503 ${header} f3ffffff 00000000`);
  assertSent(tc.filterDumpRequest(DEVICE, 'ingress', SEQ), `24000000 2e00 0503 ${header} f2ffffff 00000000`);
});

test('a filter that redirects is byte for byte that of tc', () => {
  const bytes = tc.addFilterRequest(DEVICE, { pref: 49190, protocol: 0x0806, matches: null, redirects: true }, 1, SEQ);
  const redirect =
    '0b000100 6d697272 65640000 24000280 20000200 00000000 00000000 04000000 00000000 00000000 01000000 01000000';
  assertSent(
    bytes,
    `70000000 2c00 0506 7169006b 00000000 00000000 01000000 00000000 f3ffffff 080626c0
     0d000100 6d617463 68616c6c 00000000 3c000200 38000200 34000100 ${redirect}`,
  );
});

test('the qdiscs are listed by a request like that of tc', () => {
  assertSent(
    tc.qdiscDumpRequest(SEQ),
    '24000000 2600 0503 7169006b 00000000 00000000 00000000 00000000 00000000 00000000',
  );
});

/** As the kernel lists what was asked for with such a request. */
function listed(request: Uint8Array, type: number): unknown[] {
  const bytes = Buffer.from(request);
  bytes.writeUInt16LE(type, 4);
  return decodeDatagram(bytes);
}

const RTM_NEWQDISC = 36;
const RTM_NEWTFILTER = 44;

test('a listed filter is known by its device and pref, and by where it sends what matches', () => {
  const filter = { pref: 49190, protocol: 0x0806, matches: null };
  const pref = listed(tc.deleteFilterRequest(7, filter, SEQ), RTM_NEWTFILTER);
  assert.deepEqual(pref, [{ type: 'filter', ifindex: 7, pref: 49190, sends: null }]);
  const program = { index: 7, bytes: encodeProgram(spareOwnFrames(0x626f6e64)) };
  const matches = [{ bytes: 2, value: 67, mask: 0xffff, at: 22 }] as const;
  for (const [each, redirected] of [
    [filter, false],
    [{ ...filter, matches }, false],
    [{ ...filter, matches, redirects: true }, true],
  ] as const) {
    const copying = listed(tc.addFilterRequest(7, each, 9, SEQ, redirected ? null : program), RTM_NEWTFILTER);
    assert.deepEqual(copying, [{ type: 'filter', ifindex: 7, pref: 49190, sends: { to: 9, redirected } }]);
  }
});

test('a listed qdisc is known by its device, its place and its kind', () => {
  const clsact = listed(tc.addClsactRequest(7, SEQ), RTM_NEWQDISC);
  assert.deepEqual(clsact, [{ type: 'qdisc', ifindex: 7, parent: 0xfffffff1, kind: 'clsact' }]);
});

test('requests for the device are byte for byte those of ip', () => {
  const address = macFromBytes(Uint8Array.of(2, 0x62, 0x6f, 0x6e, 0x64, 1));
  const header = '7169006b 00000000 00000000';
  assertSent(
    link.addDummyRequest('bh-5', address, SEQ),
    `48000000 1000 0506 ${header} 00000000 00000000 00000000
     0a000100 02626f6e 64010000 09000300 62682d35 00000000 10001200 09000100 64756d6d 79000000`,
  );
  assertSent(
    link.noIpv6AddressRequest(DEVICE, SEQ),
    `30000000 1000 0500 ${header} 01000000 00000000 00000000 10001a00 0c000a00 05000800 01000000`,
  );
  assertSent(
    link.setUpDummyRequest(DEVICE, address, 65535, SEQ),
    `34000000 1000 0500 ${header} 01000000 81000000 81000000 0a000100 02626f6e 64010000 08000400 ffff0000`,
  );
  assertSent(link.deleteLinkRequest(DEVICE, SEQ), `20000000 1100 0500 ${header} 01000000 00000000 00000000`);
  // ip asks for more than we need to know (IFLA_EXT_MASK).
  assertSent(
    link.getLinkRequest('lo', SEQ),
    `28000000 1200 0500 ${header} 00000000 00000000 00000000 07000300 6c6f0000`,
  );
});
