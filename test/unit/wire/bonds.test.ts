import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import { openPacketSender } from '../../../src/sys/packets/packet-sender.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { BatchWriter } from '../../../src/wire/batch-writer.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { BatchReader } from '../../../src/wire/burst.js';
import { type FailoverOwner, WatchedBonds } from '../../../src/wire/first-round.js';
import { AddressSpace } from '../../support/batch-memory.js';
import { dissect } from '../../support/dissect.js';

type Order = ReturnType<FailoverOwner['received']>[number];
type Report = Parameters<FailoverOwner['post']>[0];

/** An owner whose orders are a list, and who writes down what it is told. */
class FakeOwner implements FailoverOwner {
  readonly told: Report[] = [];
  orders: Order[] = [];

  post(message: Report): void {
    this.told.push(message);
  }

  received(): Order[] {
    return this.orders.splice(0);
  }
}

const DONE: Report = { type: 'answer', error: null };
const NO_SUCH_DEVICE = 0x7ffffffe;

function watchOrder(bond: number): Order {
  const { memory, capacity } = new BatchWriter(1);
  return { type: 'watch', bond: asBond(bond), memory, capacity, rate: 'unlimited', damping: ANNOUNCE_DEFAULTS.damping };
}

test('a bond that cannot be sent on is reported in one line, and the others go on', () => {
  const owner = new FakeOwner();
  const watched = new WatchedBonds(owner, openPacketSender);
  owner.orders = [watchOrder(NO_SUCH_DEVICE), watchOrder(NO_SUCH_DEVICE - 1)];
  watched.carryOutOrders(assert.fail);
  assert.deepEqual(
    owner.told.map((message) => (message.type === 'unwatched' ? message.bond : message)),
    [NO_SUCH_DEVICE, DONE, NO_SUCH_DEVICE - 1, DONE],
  );
  for (const message of owner.told) {
    if (message.type === 'unwatched') assert.match(message.error, /^[^\n]+(ENODEV|CAP_NET_RAW)[^\n]*$/);
  }
  assert.equal(watched.running, true);
  watched.close();
});

test('a failover of a bond that is not watched sends nothing, and says so', () => {
  const watched = new WatchedBonds(new FakeOwner(), openPacketSender);
  const round = watched.failover(asBond(4711), { now: 1, sinceArrival: assert.fail, pause: assert.fail });
  assert.deepEqual([round.sent, round.errors, round.portion, round.damped], [0, {}, null, null]);
});

test('told to stop, the thread stops; told to forget a bond that it does not know, it says that it has', () => {
  const owner = new FakeOwner();
  const watched = new WatchedBonds(owner, openPacketSender);
  owner.orders = [{ type: 'forget', bond: asBond(4711) }];
  watched.carryOutOrders(assert.fail);
  assert.equal(watched.running, true);
  owner.orders = [{ type: 'stop' }];
  watched.carryOutOrders(assert.fail);
  assert.equal(watched.running, false);
  assert.deepEqual(owner.told, [DONE]);
});

const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;
const tag = (vid: number) => ({ tpid: 0x8100, vid });

function verdict(n: number, more: Partial<Verdict> = {}): Verdict {
  return {
    mac: mac(n),
    bond: asBond(4),
    tags: [],
    source: 'fdb',
    device: 7,
    lastSeen: null,
    suppressed: null,
    entry: null,
    ...more,
  };
}

/** [MAC, VLANs] of the frames that a failover would send now. */
function announced(guests: BondGuests): unknown[] {
  guests.batch.publish();
  const space = new AddressSpace(guests.batch.memory);
  const reader = new BatchReader(guests.batch.memory, guests.batch.capacity);
  const frames = reader.read((messages, count) => space.frames(messages, count)).map((bytes) => dissect(bytes));
  return frames.map(({ src, tags }) => [src, ...tags.map(({ vid }) => vid)].join(' ')).sort();
}

test('a failover announces each guest once for every stack of tags, and no guest that is held back', () => {
  const guests = new BondGuests(10);
  guests.update(mac(1), [verdict(1), verdict(1, { tags: [tag(10)] })]);
  guests.update(mac(2), [verdict(2, { suppressed: 'seen-on-uplink' })]);
  assert.deepEqual(announced(guests), [mac(1), `${mac(1)} 10`]);
});

test('a guest that is judged anew is announced as it is judged now, and no longer as before', () => {
  const guests = new BondGuests(10);
  guests.update(mac(1), [verdict(1, { tags: [tag(10)] })]);
  guests.update(mac(1), [verdict(1, { tags: [tag(11)] })]);
  assert.deepEqual(announced(guests), [`${mac(1)} 11`]);
  guests.update(mac(1), [verdict(1, { tags: [tag(11)], suppressed: 'uplink-down' })]);
  assert.deepEqual(announced(guests), []);
  guests.update(mac(1), [verdict(1, { tags: [tag(11)] })]);
  assert.deepEqual(announced(guests), [`${mac(1)} 11`]);
  guests.update(mac(1), []);
  assert.deepEqual(announced(guests), []);
  assert.deepEqual([...guests.macs()], []);
});

test('guests are counted by where they were learned, and those held back by why', () => {
  const guests = new BondGuests(10);
  guests.update(mac(1), [verdict(1), verdict(1, { tags: [tag(10)], suppressed: 'vlan-not-on-uplink' })]);
  guests.update(mac(2), [verdict(2, { source: 'macvlan', suppressed: 'uplink-down' })]);
  guests.update(mac(3), [verdict(3, { suppressed: 'uplink-down' })]);
  assert.deepEqual(Object.fromEntries(guests.countBySource()), { fdb: 3, macvlan: 1 });
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), { 'vlan-not-on-uplink': 1, 'uplink-down': 2 });
  guests.update(mac(2), []);
  guests.update(mac(3), [verdict(3, { source: 'libvirt' })]);
  assert.deepEqual(Object.fromEntries(guests.countBySource()), { fdb: 2, libvirt: 1 });
});

test('a guest beyond the limit of a bond is counted as one too many, and announced when it is judged with room', () => {
  const guests = new BondGuests(2);
  for (const n of [1, 2, 3]) guests.update(mac(n), [verdict(n)]);
  assert.deepEqual(announced(guests), [mac(1), mac(2)]);
  assert.deepEqual(Object.fromEntries(guests.countBySource()), { fdb: 3 });
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), { 'too-many': 1 });
  const reasons = [1, 3, 9].map((n) => guests.reasonFor(verdict(n)));
  assert.deepEqual(reasons, [null, 'too-many', null]);
  assert.equal(guests.reasonFor(verdict(3, { suppressed: 'uplink-down' })), 'uplink-down');
  guests.update(mac(1), []);
  guests.update(mac(3), [verdict(3)]);
  assert.deepEqual(announced(guests), [mac(2), mac(3)]);
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), {});
});

test('a guest of a full bond that changes its VLAN keeps its place', () => {
  const guests = new BondGuests(2);
  for (const n of [1, 2]) guests.update(mac(n), [verdict(n)]);
  guests.update(mac(2), [verdict(2, { tags: [tag(10)] })]);
  assert.deepEqual(announced(guests), [mac(1), `${mac(2)} 10`]);
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), {});
});

test('a guest behind as many tags as the host can stack is announced, and does not end the daemon', () => {
  const guests = new BondGuests(1);
  const tags = Array.from({ length: 16 }, (_, i) => tag(i + 1));
  guests.update(mac(1), [verdict(1, { tags })]);
  assert.deepEqual(announced(guests), [[mac(1), ...tags.map(({ vid }) => vid)].join(' ')]);
});

const in3 = (n: number): Verdict[] => [10, 11, 12].map((vid) => verdict(n, { tags: [tag(vid)] }));

test('who has more places than others gives one up where the batch is full, and has it again when there is room', () => {
  const cut: string[] = [];
  const joined: string[] = [];
  const guests = new BondGuests(
    4,
    undefined,
    (key) => void joined.push(key),
    (each) => void cut.push(each),
  );
  guests.update(mac(1), in3(1));
  guests.update(mac(2), [verdict(2)]);
  assert.deepEqual([guests.hasRoom, cut], [false, []]);
  guests.update(mac(3), [verdict(3)]);
  assert.deepEqual(announced(guests), [`${mac(1)} 10`, `${mac(1)} 11`, mac(2), mac(3)]);
  assert.deepEqual(cut, [mac(1)]);
  assert.deepEqual(guests.reasonFor(verdict(1, { tags: [tag(12)] })), 'too-many');
  guests.update(mac(4), in3(4));
  assert.deepEqual(announced(guests), [`${mac(1)} 10`, mac(2), mac(3), `${mac(4)} 10`], 'one each, and no more');
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), { 'too-many': 4 });
  joined.length = 0;
  guests.update(mac(4), []);
  assert.deepEqual(announced(guests), [`${mac(1)} 10`, `${mac(1)} 12`, mac(2), mac(3)], 'the one that waited longest');
  assert.equal(joined.length, 1);
  guests.update(mac(3), []);
  assert.deepEqual(Object.fromEntries(guests.countSuppressed()), {});
  assert.equal(guests.hasRoom, false);
  guests.update(mac(2), []);
  assert.equal(guests.hasRoom, true);
});

test('every guest goes in one VLAN before any goes in a second, in the first burst and in later rounds', () => {
  const guests = new BondGuests(10);
  guests.update(mac(1), in3(1));
  guests.update(mac(2), in3(2));
  guests.update(mac(3), [verdict(3)]);
  guests.batch.publish();
  const reader = new BatchReader(guests.batch.memory, guests.batch.capacity);
  const space = new AddressSpace(guests.batch.memory);
  const burst = (): string[] =>
    reader.read((messages, count) => space.frames(messages, count)).map((bytes) => dissect(bytes).src);
  const firsts = (macs: readonly string[]): string[] => macs.slice(0, 3).sort();
  assert.deepEqual(firsts(burst()), [mac(1), mac(2), mac(3)]);
  const later = (): (Mac | undefined)[] => [...guests.keys()].map((key) => guests.place(key)?.mac);
  assert.deepEqual(later().slice(0, 3), [mac(1), mac(2), mac(3)]);
  guests.update(mac(1), in3(1).slice(1)); // the one that went first is gone
  guests.batch.publish();
  assert.deepEqual(firsts(burst()), [mac(1), mac(2), mac(3)]);
  assert.equal(later().length, 6);
});
