import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { SyscallError } from '../../../src/errors.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, FOREVER, mac, ONE_ROUND, rarps, World } from './announcements-world.js';

test('what the first burst did not send follows, and nobody is announced twice in a round', () => {
  const world = new World(10, ONE_ROUND);
  world.failover(7);
  world.clock.advance(0.01);
  assert.deepEqual(world.what().slice(0, 3), rarps(8, 9, 10));
  assert.ok(
    world
      .what()
      .slice(3)
      .every((what) => what.startsWith('garp')),
  );
  world.clock.advance(10);
  assert.equal(new Set(world.what()).size, 3 + 10);
  assert.equal(world.what().length, 3 + 10);
  assert.deepEqual(world.told, [`${BOND} completed 10,10,0,0 0`]);
  assert.deepEqual([world.open, world.clock.waiting], [0, 0], 'nothing is left behind');
});

test('the last frame of a first round is timed where the rate holds it up, and once', () => {
  const rate = { rarp: { rate: 100, burst: 5 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const world = new World(10, { schedule: [0, 1], kinds: ['rarp'], rate });
  world.failover(10);
  world.clock.advance(100);
  world.failover(0, { cause: 'missed' });
  world.clock.advance(100);
  assert.deepEqual([...world.outAfter], [], 'all at once; nobody knows since when');
  world.failover(0);
  world.clock.advance(100);
  assert.deepEqual(
    world.outAfter.map(([bond, seconds]) => [bond, Math.round(seconds * 1e3)]),
    [[BOND, 50]],
    'five at once, five more at a hundred a second',
  );
});

test('later rounds announce everyone again, as they are then', () => {
  const world = new World(3, { schedule: [0, 1], kinds: ['rarp'] });
  world.failover(3);
  world.clock.advance(0.5);
  assert.deepEqual(world.what(), []);
  const guests = world.bonds.get(BOND);
  guests?.update(mac(2), [{ ...world.verdict(2), suppressed: 'seen-on-uplink' }]);
  guests?.update(mac(4), [world.verdict(4)]);
  world.clock.advance(0.1);
  assert.deepEqual(world.what(), rarps(4), 'a newcomer at once');
  world.clock.advance(1);
  assert.deepEqual(world.what().sort(), rarps(1, 3, 4, 4));
});

test('a guest that has moved within the batch since the burst is not forgotten', () => {
  const world = new World(4, { ...ONE_ROUND, kinds: ['rarp'] });
  const guests = world.bonds.get(BOND);
  guests?.update(mac(1), []); // the last frame takes the slot of the first
  guests?.batch.publish();
  world.failover(2, { portion: { edition: 1, start: 0, count: 4, turns: 2 } });
  world.clock.advance(1);
  assert.deepEqual(world.what().sort(), rarps(3, 4), 'the second alone had its turn');
});

test('from the moment a newer failover is detected nothing is sent for the older one', () => {
  const rate = { rarp: { rate: 100, burst: 5 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const world = new World(40, { rate, kinds: ['rarp'] });
  world.failover(5);
  world.clock.advance(0.1);
  world.detect();
  const before = world.wire.length;
  assert.ok(before > 0);
  world.clock.advance(100);
  assert.equal(world.wire.length, before);
  assert.deepEqual(world.told, [], 'its end is told when the message comes');
  world.failover(0);
  assert.deepEqual(world.told, [`${BOND} superseded ${5 + before},0,0,0 0`]);
});

test('a failover that is detected while frames are being chosen keeps them back', () => {
  const world = new World(5, ONE_ROUND);
  world.beforeSend = () => world.detect();
  world.failover(0);
  world.clock.advance(10);
  assert.deepEqual(world.what(), []);
});

test('after a partial send it goes on with the next frame, in order and none twice', () => {
  const world = new World(20, { ...ONE_ROUND, kinds: ['rarp'] });
  world.kernel = (call, count) => (call % 2 === 0 ? Math.min(3, count) : null);
  world.failover(0);
  world.clock.advance(10);
  assert.deepEqual(world.what(), rarps(...Array.from({ length: 20 }, (_, n) => n + 1)));
  assert.deepEqual(world.told, [`${BOND} completed 20,0,0,0 0`]);
});

test('a full queue is waited for, whatever the kernel calls it, and no frame is lost', () => {
  const world = new World(10, ONE_ROUND);
  const full = ['ENOBUFS', 'EAGAIN', 'ENOMEM', 'EINTR'];
  world.kernel = (call) => full[call % 5] ?? null;
  world.failover(0);
  world.clock.advance(20);
  assert.deepEqual(world.told, [`${BOND} completed 10,10,0,0 0`]);
});

test('a guest that is withdrawn while the queue is full is not announced when it drains', () => {
  const world = new World(3, { ...ONE_ROUND, kinds: ['rarp'] });
  world.kernel = (call) => (call === 0 ? 'ENOBUFS' : null);
  world.failover(0);
  world.clock.advance(0.001);
  world.bonds.get(BOND)?.update(mac(2), []);
  world.clock.advance(1);
  assert.deepEqual(world.what(), rarps(1, 3));
});

test('a queue that never drains is given up after a bounded wait, and every frame is counted by its errno', () => {
  const world = new World(10, { ...ONE_ROUND, kinds: ['rarp'] });
  world.kernel = () => 'ENOBUFS';
  world.failover(0);
  world.clock.advance(10);
  assert.deepEqual(world.told, ['8 rarp ENOBUFS', '2 rarp ENOBUFS', `${BOND} refused 0,0,0,0 10`]);
  assert.ok(world.calls <= 101);
});

test('one frame that is refused costs no other; a device that cannot send costs those at hand', () => {
  const world = new World(20, { ...ONE_ROUND, kinds: ['rarp'] });
  world.kernel = (call) => [2, 'EMSGSIZE', null, 'ENETDOWN'][call] ?? null;
  world.failover(0);
  world.clock.advance(10);
  assert.deepEqual(world.told, ['1 rarp EMSGSIZE', '8 rarp ENETDOWN', `${BOND} refused 11,0,0,0 9`]);
});

test('a bond that loses its last link or is gone ends its run, the others go on', () => {
  for (const reason of ['no-active-slave', 'bond-gone'] as const) {
    const world = new World(3, { kinds: ['rarp'] });
    world.bonds.set(asBond(5), world.guestsOf(5, 2));
    world.failover(3);
    world.failover(2, { bond: asBond(5) });
    world.clock.advance(0.5);
    world.announcements.lost(BOND, reason);
    world.clock.advance(100);
    assert.deepEqual(world.told, [`${BOND} ${reason} 3,0,0,0 0`, '5 completed 12,0,0,0 0']);
    assert.deepEqual([world.what().length, world.what(asBond(5)).length], [0, 10]);
  }
});

test('a bond that is not there any more is forgotten, and what waits for its window with it', () => {
  const world = new World(3);
  world.failover(3);
  world.bonds.delete(BOND);
  world.announcements.follow();
  world.clock.advance(FOREVER);
  assert.deepEqual([world.told, world.what()], [[`${BOND} bond-gone 3,0,0,0 0`], []]);
  const held = new World(3);
  held.failover(0, { damped: held.clock.now + 100, portion: null });
  held.bonds.delete(BOND);
  held.announcements.follow();
  held.clock.advance(FOREVER);
  assert.deepEqual(held.orders, []);
});

test('a bond that cannot be sent on ends the run at once, by its name', () => {
  for (const [errno, result] of [
    ['ENODEV', 'bond-gone'],
    ['EMFILE', 'refused'],
  ] as const) {
    const world = new World(3);
    world.openError = new SyscallError('bind', errno, 'a packet socket');
    world.failover(3);
    assert.deepEqual(world.told, [`${BOND} ${result} 3,0,0,0 0`]);
    world.clock.advance(FOREVER);
    assert.deepEqual(world.what(), []);
  }
});

test('a failover that is held back ends the run at once, and is announced when the window opens', () => {
  const world = new World(3);
  world.failover(3);
  world.clock.advance(0.5);
  world.failover(0, { damped: world.clock.now + 100, portion: null });
  assert.deepEqual(world.told, [`${BOND} superseded 3,3,0,0 0`, `${BOND} damped 0,0,0,0 0`]);
  const before = world.wire.length;
  world.clock.advance(99.9);
  assert.deepEqual([world.orders, world.wire.length], [[], before]);
  world.clock.advance(0.2);
  assert.deepEqual(world.orders, [[BOND, 2, 'window']]);
});

test('one more failover while one is held back moves the time; one that is announced makes it needless', () => {
  const world = new World(3);
  world.failover(0, { damped: world.clock.now + 100, portion: null });
  world.clock.advance(50);
  world.failover(0, { damped: world.clock.now + 80, portion: null });
  world.clock.advance(79);
  assert.deepEqual(world.orders, []);
  world.failover(3);
  world.clock.advance(FOREVER);
  assert.deepEqual(world.orders, []);
});

test('a bond without a link when its window opens is left for its recovery to announce', () => {
  const world = new World(3);
  world.failover(0, { damped: world.clock.now + 100, portion: null });
  world.slave = null;
  world.clock.advance(FOREVER);
  assert.deepEqual(world.orders, []);
});

test('a bond with nobody behind it is over as empty, and one that is not watched yet at once', () => {
  const world = new World(0);
  world.failover(0);
  world.clock.advance(100);
  world.failover(0, { portion: null });
  assert.deepEqual(world.told, [`${BOND} empty 0,0,0,0 0`, `${BOND} empty 0,0,0,0 0`]);
});

test('an announcement lasts while guests are judged that may belong to it', () => {
  const world = new World(1, ONE_ROUND);
  const guests = world.bonds.get(BOND);
  guests?.batch.withhold(true);
  world.failover(0);
  world.clock.advance(1);
  guests?.update(mac(2), [world.verdict(2)]);
  world.clock.advance(1);
  guests?.batch.withhold(false);
  world.clock.advance(1);
  assert.deepEqual(world.told, [`${BOND} completed 2,2,0,0 0`]);
});

test('when the daemon ends, so do all announcements', () => {
  const world = new World(3);
  world.failover(3);
  world.announcements.stop();
  world.clock.advance(FOREVER);
  assert.deepEqual([world.told, world.open, world.clock.waiting], [[`${BOND} stopped 3,0,0,0 0`], 0, 0]);
});

test('ARP of the guests delays ours', () => {
  const world = new World(3, ONE_ROUND);
  world.announcements.arpLeft(BOND, 5000, world.clock.now);
  world.failover(3);
  world.clock.advance(1);
  assert.deepEqual(world.what(), []);
  world.clock.advance(2);
  assert.equal(world.what().length, 3);
});

test('an announcement that lasts ends with the settings it began with, the next has the new ones', () => {
  const rate = { rarp: 'unlimited', arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const world = new World(3, { schedule: [0, 10], kinds: ['rarp', 'garp'], rate });
  world.failover(3);
  world.clock.advance(0.5);
  const after = { ...ANNOUNCE_DEFAULTS, schedule: [0, 1, 2], kinds: ['rarp'] as const, rate };
  world.announcements.configure(after);
  world.clock.advance(100);
  assert.deepEqual(world.told, [`${BOND} completed 6,6,0,0 0`]);
  assert.ok(world.wire.every(({ at }) => at < 1001 || at >= 1010));
  world.wire.length = 0;
  world.failover(0);
  world.clock.advance(100);
  assert.deepEqual(world.told.slice(1), [`${BOND} completed 9,0,0,0 0`]);
  assert.deepEqual([...new Set(world.what())].sort(), rarps(1, 2, 3));
});

test('a kind that is not wanted any more is not made up for in the next announcement', () => {
  const rate = { rarp: 'unlimited', arp: { rate: 1, burst: 1 }, na: 'unlimited', mcast: 'unlimited' } as const;
  const world = new World(5, { schedule: [0], kinds: ['rarp', 'garp'], rate });
  world.failover(5);
  world.clock.advance(1.5);
  world.announcements.configure({ ...ANNOUNCE_DEFAULTS, schedule: [0], kinds: ['rarp'], rate });
  world.clock.advance(1);
  const began = world.what().length;
  assert.ok(began > 0 && world.what().every((what) => what.startsWith('garp')));
  world.failover(5);
  world.clock.advance(100);
  assert.equal(world.what().length, began);
  assert.deepEqual(world.told, [`${BOND} superseded 5,${began},0,0 0`, `${BOND} completed 5,0,0,0 0`]);
});

test('nor is a form of gratuitous ARP that is not wanted any more', () => {
  const rate = { rarp: 'unlimited', arp: { rate: 1, burst: 1 }, na: 'unlimited', mcast: 'unlimited' } as const;
  const world = new World(5, { schedule: [0], garp: 'both', rate });
  world.failover(5);
  world.clock.advance(1.5);
  world.announcements.configure({ ...ANNOUNCE_DEFAULTS, schedule: [0], garp: 'request', rate });
  world.failover(5);
  const before = world.what().length;
  world.clock.advance(100);
  assert.equal(world.what().length, before + 5);
});
