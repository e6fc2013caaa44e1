import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram, firstMessages } from '../../../src/kernel/decode.js';
import type { KernelEvent } from '../../../src/kernel/events.js';
import { attribute, ifinfomsg, message, ndmsg, nested, result, text, u32, u8 } from '../../support/netlink.js';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWNEIGH = 28;
const AF_BRIDGE = 7;
const MAC = attribute(2, Buffer.from('525400123456', 'hex'));

const link = (ifindex: number, name: string): Buffer =>
  message({ type: RTM_NEWLINK }, ifinfomsg(ifindex), text(3, name));
const names = (events: readonly KernelEvent[]): unknown[] =>
  events.map((event) => (event.type === 'link' ? event.name : event.type));

function only(...bytes: Buffer[]): KernelEvent | undefined {
  const events = decodeDatagram(Buffer.concat(bytes));
  assert.ok(events.length <= 1);
  return events[0];
}

test('all messages of a datagram are read, whatever their length leaves to pad', () => {
  const names4 = ['a', 'ab', 'abc', 'abcd'];
  const datagram = Buffer.concat(names4.map((name, i) => link(i + 1, name)));
  assert.deepEqual(names(decodeDatagram(datagram)), names4);
  assert.deepEqual(decodeDatagram(new Uint8Array(0)), []);
});

test('the first messages of a datagram are cut where a message ends, and are a copy', () => {
  const datagram = Buffer.concat(['a', 'ab', 'abc'].map((name, i) => link(i + 1, name)));
  const first = firstMessages(datagram, 2);
  datagram.fill(0);
  assert.deepEqual(names(decodeDatagram(first)), ['a', 'ab']);
  assert.equal(firstMessages(Buffer.concat([link(1, 'a')]), 2).length, link(1, 'a').length);
  const lying = Buffer.from(link(1, 'a'));
  lying.writeUInt32LE(0, 0);
  assert.ok(firstMessages(lying, 1000).length <= lying.length, 'a length of 0 ends somewhere');
  assert.equal(firstMessages(new Uint8Array(0), 2).length, 0);
});

test('a datagram is read wherever it lies in a larger buffer', () => {
  const bytes = link(1, 'eth0');
  const large = Buffer.alloc(300, 0xff);
  bytes.copy(large, 101);
  assert.deepEqual(decodeDatagram(large.subarray(101, 101 + bytes.length)), decodeDatagram(bytes));
});

test('a message that will not decode is reported, and those around it still count', () => {
  const spoilt = message({ type: RTM_NEWLINK }, ifinfomsg(2), Buffer.from('ff00030061000000', 'hex'));
  const events = decodeDatagram(Buffer.concat([link(1, 'before'), spoilt, link(3, 'after')]));
  assert.deepEqual(names(events), ['before', 'lost', 'after']);
});

test('a message that claims more than there is, or less than its own header, ends the datagram as lost', () => {
  for (const claim of [0, 1, 15, 33, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const liar = message({ type: RTM_NEWLINK }, ifinfomsg(2));
    liar.writeUInt32LE(claim, 0);
    assert.deepEqual(names(decodeDatagram(Buffer.concat([link(1, 'before'), liar]))), ['before', 'lost'], `${claim}`);
  }
});

test('a body shorter than its fixed part is reported as lost', () => {
  for (const type of [RTM_NEWLINK, RTM_DELLINK, RTM_NEWNEIGH, 29, 2]) {
    assert.equal(only(message({ type }, Buffer.alloc(3)))?.type, 'lost', `type ${type}`);
  }
});

test('messages that do not concern us are passed over', () => {
  assert.equal(only(message({ type: 24 }, Buffer.alloc(12)), message({ type: 1 })), undefined);
  assert.equal(only(message({ type: RTM_NEWNEIGH }, ndmsg(1, { family: 28 }), MAC)), undefined);
  assert.equal(only(message({ type: RTM_NEWNEIGH }, ndmsg(1))), undefined, 'a row without a MAC');
});

test('the end of a dump tells whether it can be trusted', () => {
  const done = { type: 'done', seq: 7, interrupted: false };
  assert.deepEqual(only(message({ type: 3, flags: 2, seq: 7 }, result(0))), done);
  assert.deepEqual(only(message({ type: 3, flags: 2, seq: 7 })), done);
  assert.deepEqual(only(message({ type: 3, flags: 0x12, seq: 7 }, result(0))), { ...done, interrupted: true });
  assert.deepEqual(only(message({ type: 3, seq: 7 }, result(-4))), { type: 'answer', seq: 7, errno: 4 });
});

test('an answer tells the error number, 0 for none', () => {
  assert.deepEqual(only(message({ type: 2, seq: 9 }, result(-95))), { type: 'answer', seq: 9, errno: 95 });
  assert.deepEqual(only(message({ type: 2, seq: 9 }, result(0))), { type: 'answer', seq: 9, errno: 0 });
});

test('the kernel saying that messages were lost is reported as such', () => {
  const event = only(message({ type: 4 }));
  assert.deepEqual([event?.type, event?.type === 'lost' && event.reason], ['lost', 'overrun']);
});

test('a link without any attribute is a device of no kind, down, without a master', () => {
  assert.deepEqual(only(message({ type: RTM_NEWLINK }, ifinfomsg(5))), {
    type: 'link',
    ifindex: 5,
    name: '',
    up: false,
    lowerUp: false,
    running: false,
    address: null,
    master: null,
    lower: null,
    details: { type: 'other', kind: null },
    bondSlaveActive: null,
    bridgePortState: null,
  });
});

test('a bond that says nothing of its active slave has none, and 0 is none', () => {
  const bond = (...data: Buffer[]): unknown => {
    const info = nested(18, text(1, 'bond'), nested(2, u8(1, 1), ...data));
    const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(4, 0x10001), info));
    return event?.type === 'link' && event.details;
  };
  assert.deepEqual(bond(), { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 });
  assert.deepEqual(bond(u32(2, 0)), { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 });
  assert.deepEqual(bond(u32(2, 3), u32(7, 100)), { type: 'bond', mode: 1, activeSlave: 3, arpInterval: 100 });
  assert.deepEqual(bond(u32(3, 50)), { type: 'bond', mode: 1, activeSlave: null, miimon: 50, arpInterval: 0 });
});

test('a bridge says whether VLANs have states of their own, and how many MACs it has learned where there is a limit', () => {
  const bridge = (...data: Buffer[]): unknown => {
    const info = nested(18, text(1, 'bridge'), nested(2, u8(7, 1), ...data));
    const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(4), info));
    return event?.type === 'link' && event.details;
  };
  const plain = { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100 };
  const options = (values: number): Buffer => attribute(46, Buffer.concat([result(values), result(7)]));
  assert.deepEqual(bridge(options(3), u32(48, 12), u32(49, 0)), plain, 'no MST, no limit');
  assert.deepEqual(bridge(options(4)), { ...plain, mst: true });
  assert.deepEqual(bridge(u32(48, 12), u32(49, 16)), { ...plain, learned: 12, maxLearned: 16 });
});

test('a row says whether a locked port keeps the MAC out', () => {
  const row = (...more: Buffer[]): unknown => only(message({ type: RTM_NEWNEIGH }, ndmsg(1), MAC, ...more));
  const plain = row();
  assert.deepEqual(row(u32(15, 1)), plain, 'another of the extended flags');
  assert.deepEqual(row(u32(15, 2)), { ...(plain as object), locked: true });
});

test('flag bits in the type of an attribute do not hide it', () => {
  const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(5), text(0x8000 | 3, 'eth0')));
  assert.equal(event?.type === 'link' && event.name, 'eth0');
});

test("a veth's peer in another network namespace is nobody here, whatever its number", () => {
  const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(5), u32(5, 3), u32(37, 0)));
  assert.equal(event?.type === 'link' && event.lower, null);
});

test('only a slave of a bond has the state of one', () => {
  const slave = (kind: string): unknown => {
    const info = nested(18, text(4, kind), nested(5, u8(1, 0)));
    const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(2), info));
    return event?.type === 'link' && [event.bondSlaveActive, event.bridgePortState];
  };
  assert.deepEqual(slave('bond'), [true, null]);
  assert.deepEqual(slave('bridge'), [null, 0]);
  assert.deepEqual(slave('team'), [null, null]);
});

test("a bridge's word on a port speaks of the port, and its farewell does not delete the device", () => {
  const port = only(message({ type: RTM_NEWLINK }, ifinfomsg(6, 1, AF_BRIDGE), nested(0x8000 | 12, u8(1, 3))));
  assert.deepEqual(port, { type: 'bridgePort', ifindex: 6, state: 3, vlans: null });
  assert.deepEqual(only(message({ type: RTM_DELLINK }, ifinfomsg(6, 1, AF_BRIDGE))), {
    type: 'bridgePortGone',
    ifindex: 6,
  });
  assert.deepEqual(only(message({ type: RTM_DELLINK }, ifinfomsg(6))), { type: 'linkGone', ifindex: 6 });
});

test("a port of a NIC's switch stands for a guest's function or for a plug, whatever it is a port of besides", () => {
  const [IFLA_LINKINFO, SWITCH_ID, PORT_NAME] = [18, 36, 38];
  const id = attribute(SWITCH_ID, Buffer.from('0c42a10300f8', 'hex'));
  const name = (text: string): Buffer => attribute(PORT_NAME, Buffer.from(text)); // the kernel ends it with no NUL
  const bridgePort = nested(IFLA_LINKINFO, text(4, 'bridge'), nested(5, u8(1, 3)));
  const details = (...more: Buffer[]): unknown => {
    const event = only(message({ type: RTM_NEWLINK }, ifinfomsg(7), text(3, 'enp1s0f0_1'), ...more));
    return event?.type === 'link' ? event.details : event;
  };
  const guests = { type: 'other', kind: null, represents: 'guest' };
  for (const each of ['pf0vf1', 'pf1vf127', 'pf0sf88', 'c1pf0vf0']) {
    assert.deepEqual(details(id, name(each)), guests, each);
    assert.deepEqual(details(bridgePort, id, name(each)), guests, each);
  }
  for (const each of ['p0', 'p1s2', 'pf0', 'c1pf0', 'vf1', 'pf0vf1x', ''])
    assert.deepEqual(details(id, name(each)), { type: 'other', kind: null }, each);
  assert.deepEqual(details(name('pf0vf1')), { type: 'other', kind: null }, 'of no switch');
});
