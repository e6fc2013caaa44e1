import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, dissect } from './dissect.js';

/** As tcpdump shows an announcement of Open vSwitch's, with an 802.1ad and an 802.1Q tag. */
const TAGGED_RARP = Buffer.from(
  'ffffffffffff525400000001' + '88a80014' + '81000389' + '80350001080006040003' + '52540000000100000000'.repeat(2),
  'hex',
);

test('a frame is taken apart into addresses, tags and ARP fields', () => {
  const { dst, src, tags, etherType, arp } = dissect(TAGGED_RARP);
  assert.deepEqual([dst, src, etherType], ['ff:ff:ff:ff:ff:ff', '52:54:00:00:00:01', 0x8035]);
  assert.deepEqual(tags, [
    { tpid: 0x88a8, vid: 20 },
    { tpid: 0x8100, vid: 905 },
  ]);
  const mac = '52:54:00:00:00:01';
  assert.deepEqual(arp, { op: 3, sha: mac, spa: '0.0.0.0', tha: mac, tpa: '0.0.0.0' });
});

test('a priority in the tag is not taken for a VLAN', () => {
  const frame = Buffer.from(TAGGED_RARP);
  frame.writeUInt16BE(0xe014, 14);
  assert.equal(dissect(frame).tags[0]?.vid, 20);
});

test('a frame cut short is an error', () => {
  for (const length of [0, 13, 15, 30, 49]) assert.throws(() => dissect(TAGGED_RARP.subarray(0, length)), RangeError);
});

test('a frame is described in one line', () => {
  const line = '52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff, 802.1ad 20, vlan 905, RARP op 3 who-is ';
  assert.ok(describe(TAGGED_RARP).startsWith(line));
});
