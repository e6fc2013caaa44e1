import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { type MirrorDevices, tcNewsFilter } from '../../../src/kernel/bpf/tc-news-filter.js';
import { newsOf } from '../../../src/kernel/tc-events.js';
import { parseProgram, runBpf } from '../../support/bpf.js';

const OWN_PORT = 0x12345678;
const [BOND, DUMMY, OTHER] = [7, 70_000, 8];
const [EGRESS, INGRESS, ROOT] = [0xfffffff3, 0xfffffff2, 0xffffffff];
const TYPES = { newLink: 16, delLink: 17, newQdisc: 36, delQdisc: 37, newFilter: 44, delFilter: 45, newClass: 40 };
const ACTION = 48;

/** struct nlmsghdr, and struct tcmsg or the beginning of struct ifinfomsg. */
function news(type: number, ifindex: number, { parent = EGRESS, port = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(36);
  bytes.writeUInt32LE(36, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt32LE(port, 12);
  bytes.writeInt32LE(ifindex, 20);
  bytes.writeUInt32LE(parent, 28);
  return bytes;
}

function passing(devices: MirrorDevices): (message: Buffer) => boolean {
  const program = parseProgram(encodeProgram(tcNewsFilter(devices, OWN_PORT)));
  return (message) => runBpf(program, message) > 0;
}

const passes = passing({ bonds: [BOND], dummies: [DUMMY] });

test('news of a qdisc or an egress filter passes where it is about a device of ours', () => {
  for (const type of [TYPES.newQdisc, TYPES.delQdisc, TYPES.newFilter, TYPES.delFilter]) {
    for (const device of [BOND, DUMMY]) {
      assert.ok(passes(news(type, device)));
      assert.equal(newsOf(news(type, device)), device);
    }
    assert.equal(passes(news(type, OTHER)), false);
  }
  assert.ok(passes(news(TYPES.delQdisc, BOND, { parent: ROOT })));
});

test('the filters of an ingress hook, and classes, do not wake anybody', () => {
  for (const type of [TYPES.newFilter, TYPES.delFilter])
    assert.equal(passes(news(type, BOND, { parent: INGRESS })), false);
  assert.equal(passes(news(TYPES.newClass, BOND)), false);
});

test('news of links passes for the devices that get copies, not for bonds, which have much of it', () => {
  for (const type of [TYPES.newLink, TYPES.delLink]) {
    assert.ok(passes(news(type, DUMMY)));
    assert.equal(passes(news(type, BOND)), false);
    assert.equal(passes(news(type, OTHER)), false);
  }
});

test('an action is of no device, and may be one of ours', () => {
  assert.ok(passes(news(ACTION, OTHER)));
  assert.equal(newsOf(news(ACTION, OTHER)), null);
});

test('what we do ourselves is no news', () => {
  assert.equal(passes(news(TYPES.delQdisc, BOND, { port: OWN_PORT })), false);
  assert.ok(passes(news(TYPES.delQdisc, BOND, { port: OWN_PORT + 1 })));
});

test('however many devices there are, the kernel takes the filter', () => {
  for (const count of [0, 1, 300, 500, 501, 5000]) {
    const bonds = Array.from({ length: count }, (_, n) => 10_000 + n);
    const dummies = Array.from({ length: count }, (_, n) => 20_000 + n);
    const many = passing({ bonds, dummies });
    assert.ok(tcNewsFilter({ bonds, dummies }, OWN_PORT).length <= 4096);
    for (const device of [...bonds.slice(-1), ...dummies.slice(-1)]) assert.ok(many(news(TYPES.delQdisc, device)));
    assert.equal(many(news(TYPES.delQdisc, OTHER)), count > 500, 'with too many all passes');
  }
});

test('a message that is cut off is about any device', () => {
  assert.equal(newsOf(new Uint8Array(20)), null);
});
