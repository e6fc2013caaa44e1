import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { readConfig } from '../../../src/config/read-config.js';
import { Announcer } from '../../../src/daemon/announcer.js';
import { newHostState } from '../../../src/guests/host-state.js';
import type { StartThread } from '../../../src/sys/process/thread.js';
import { Events } from '../../../src/tasks/events.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import type { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';

const { config } = readConfig(null);
const LIMITS = { total: 4096, perPort: 4096, addressesPerGuest: 4 };
const CONFIG = { ...config, guests: { ...config.guests, limits: LIMITS } };
const mac = (n: number): Mac =>
  `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 0xff).toString(16).padStart(2, '0')}` as Mac;
const NEW = '52:54:00:00:ff:ff' as Mac;

/** An announcer of so many guests, all judged; and a clock by which a slice is over after some looks at it. */
function begin(guests: number) {
  const host = new FakeHost(plainBridge(2));
  const state = newHostState(CONFIG);
  const rows = Array.from({ length: guests }, (_, n) => host.fdb(mac(n), `tap${1 + (n % 2)}`));
  for (const event of [...host.dump(), ...rows]) state.apply(event, 0);
  const events = new Events<DaemonEvents>();
  const judged: Mac[] = [];
  const verdicts = state.verdicts.bind(state);
  state.verdicts = (each, claimed) => (judged.push(each), verdicts(each, claimed));
  const soon: (() => void)[] = [];
  let now = 0;
  const clock = { monotonic: () => (now += 0.001), soon: (task: () => void) => void soon.push(task) };
  const bonds = new Map<BondId, BondGuests>();
  const startThread = (() => ({ post: () => undefined })) as unknown as StartThread;
  const announcer = new Announcer(state, bonds, CONFIG, events, startThread, clock);
  const announceable: string[] = [];
  events.on('guestsChanged', () => announcer.refresh());
  events.on('announceable', (_, key) => void announceable.push(key));
  const turn = (): boolean => (soon.shift()?.(), soon.length > 0);
  const finish = (): void => {
    while (turn());
  };
  announcer.refresh();
  finish();
  const bond = asBond(host.index(BOND));
  const ofBond = bonds.get(bond);
  assert.ok(ofBond);
  const isWithheld = (): boolean => ofBond.batch.isWithheld;
  const key = (each: Mac): string => [...ofBond.keys()].find((one) => one.startsWith(each)) ?? '';
  const take = (...all: Parameters<typeof state.apply>[0][]): void => all.forEach((event) => state.apply(event, 0));
  judged.length = 0;
  announceable.length = 0;
  return { host, state, announcer, guests: ofBond, judged, announceable, isWithheld, turn, finish, take, key };
}

test('a port that comes costs as many judgements with 2,000 guests as with 10', () => {
  const cost = (count: number): number => {
    const { host, announcer, judged, take, guests } = begin(count);
    assert.equal(guests.batch.size, count);
    host.add('tap9', { type: 'other', kind: 'tun' });
    take(host.get('tap9'), host.change('tap9', { master: host.index('br0'), bridgePortState: 3 }), host.port('tap9'));
    announcer.refresh();
    take(host.fdb(NEW, 'tap9'));
    announcer.refresh();
    assert.equal(guests.batch.size, count + 1);
    return judged.length;
  };
  assert.equal(cost(2000), cost(10));
});

test('after a change that concerns everybody a newcomer is judged first, and the others in slices', () => {
  const { host, announcer, judged, announceable, turn, take, guests, isWithheld } = begin(1000);
  take(host.change(BOND, { bridgePortState: 1 }), host.fdb(NEW, 'tap1'));
  announcer.refresh();
  assert.equal(judged[0], NEW);
  assert.ok(judged.length < 100, `${judged.length} in the first slice`);
  let [slices, longest, before] = [0, 0, judged.length];
  assert.equal(isWithheld(), true);
  for (let goesOn = true; goesOn; slices++) {
    goesOn = turn();
    longest = Math.max(longest, judged.length - before);
    before = judged.length;
  }
  assert.ok(slices > 10 && longest < 100, `${slices} slices of up to ${longest}`);
  assert.equal(judged.length, 1001);
  assert.deepEqual([guests.batch.size, announceable.length, isWithheld()], [0, 0, false]);
  take(host.change(BOND, { bridgePortState: 3 }));
  announcer.refresh();
  while (turn());
  assert.deepEqual([guests.batch.size, announceable.length, isWithheld()], [1001, 1001, false]);
});

test('a guest that is judged late is looked at before a frame of it leaves, and the failover thread sends none', () => {
  const { host, announcer, judged, finish, take, guests, isWithheld, key } = begin(1000);
  const last = mac(999);
  const known = key(last);
  assert.ok(guests.rarp(known));
  take(host.change(BOND, { master: null, bridgePortState: null }));
  announcer.refresh();
  assert.ok(!judged.includes(last));
  assert.deepEqual([guests.place(known), guests.rarp(known), judged.includes(last)], [null, null, true]);
  assert.deepEqual([isWithheld(), guests.batch.size > 0], [true, true]);
  finish();
  assert.deepEqual([guests.batch.size, isWithheld(), judged.filter((each) => each === last).length], [0, false, 1]);
});

test('a second change while guests wait has all of them judged after it', () => {
  const { host, announcer, turn, finish, take, guests, isWithheld } = begin(1000);
  take(host.change(BOND, { bridgePortState: 1 }));
  announcer.refresh();
  turn();
  take(host.change(BOND, { bridgePortState: 3 }));
  announcer.refresh();
  assert.equal(isWithheld(), true);
  finish();
  assert.deepEqual([guests.batch.size, isWithheld()], [1000, false]);
});
