import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { ARP_REPLY, encodeGratuitousArp, encodeRarp } from '../../../src/frames/arp.js';
import type { Tag } from '../../../src/frames/ethernet.js';
import { encodeUnsolicitedNa } from '../../../src/frames/nd.js';

const GUEST = '52:54:00:12:34:56' as Mac;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** A capture file with these frames (libpcap's format, link type 1). */
function captureFile(frames: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(1, 20);
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([head, ...records]);
}

/** What tcpdump makes of each frame, without white space that depends on its version. */
function dissected(frames: readonly Uint8Array[]): string[] {
  const { status, stdout, stderr } = spawnSync('tcpdump', ['-nn', '-e', '-vv', '-t', '-r', '-'], {
    input: captureFile(frames),
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout
    .replaceAll(/\n[\t ]+/g, ' ')
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' '));
}

const STACKS: [readonly Tag[], RegExp][] = [
  [[], /^(?!.*vlan)/],
  [[{ tpid: 0x8100, vid: 905 }], /vlan 905, p 0/],
  [
    [
      { tpid: 0x88a8, vid: 11 },
      { tpid: 0x8100, vid: 12 },
    ],
    /802\.1Q-QinQ.* vlan 11, p 0, ethertype 802\.1Q.* vlan 12, p 0/,
  ],
];

for (const [tags, stack] of STACKS) {
  const named = `with ${tags.length} tags`;

  test(`tcpdump reads our RARP ${named} as a guest's question about itself`, () => {
    const [line = '', ...more] = dissected([encodeRarp(GUEST, tags)]);
    assert.deepEqual(more, []);
    assert.ok(line.startsWith(`${GUEST} > ${BROADCAST}`), line);
    assert.match(line, stack);
    assert.match(line, new RegExp(`Reverse Request who-is ${GUEST} tell ${GUEST}`));
  });

  test(`tcpdump reads our gratuitous ARP ${named} as an announcement`, () => {
    const [line = ''] = dissected([encodeGratuitousArp(GUEST, '192.0.2.7' as Ip, tags)]);
    assert.ok(line.startsWith(`${GUEST} > ${BROADCAST}`), line);
    assert.match(line, stack);
    assert.match(line, /Request who-has 192\.0\.2\.7 tell 192\.0\.2\.7/);
  });

  test(`tcpdump reads our gratuitous ARP ${named} in the form of a reply`, () => {
    const [line = ''] = dissected([encodeGratuitousArp(GUEST, '192.0.2.7' as Ip, tags, ARP_REPLY)]);
    assert.ok(line.startsWith(`${GUEST} > ${BROADCAST}`), line);
    assert.match(line, new RegExp(`Reply 192\\.0\\.2\\.7 is-at ${GUEST}`));
  });

  for (const router of [true, false]) {
    test(`tcpdump reads our Neighbor Advertisement ${named} of a ${router ? 'router' : 'host'}, its checksum too`, () => {
      const [line = ''] = dissected([encodeUnsolicitedNa(GUEST, '2001:db8::7' as Ip, router, tags)]);
      assert.ok(line.startsWith(`${GUEST} > 33:33:00:00:00:01`), line);
      if (tags.length > 0) assert.match(line, stack);
      assert.match(line, /hlim 255, .*2001:db8::7 > ff02::1: \[icmp6 sum ok\] ICMP6, neighbor advertisement/);
      assert.match(line, /tgt is 2001:db8::7/);
      assert.match(line, router ? /Flags \[router, override\]/ : /Flags \[override\]/);
      assert.match(line, new RegExp(`destination link-address option \\(2\\), length 8 \\(1\\): ${GUEST}`));
    });
  }
}
