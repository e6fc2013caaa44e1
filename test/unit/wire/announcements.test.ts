import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { AnnounceConfig } from '../../../src/config/config.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { SyscallError } from '../../../src/errors.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import { Announcements } from '../../../src/wire/announcements.js';
import { controlWords, EPOCH } from '../../../src/wire/batch-memory.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DueFrame } from '../../../src/plan/turns.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import type { SlicePort } from '../../../src/wire/slice-port.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { dissect } from '../../support/dissect.js';
import { FakeClock } from '../../support/fake-clock.js';

const BOND = asBond(4);
const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const FOREVER = 1000;

/** What the kernel says to the next calls: how many frames it takes, an errno, or null for all. */
type Kernel = (call: number, count: number) => number | string | null;

class World {
  readonly clock = new FakeClock();
  readonly bonds = new Map<BondId, BondGuests>();
  readonly events = new Events<DaemonEvents>();
  /** What the kernel took: kind and address, and when. */
  readonly wire: { at: number; bond: number; what: string }[] = [];
  readonly told: string[] = [];
  readonly outAfter: [number, number][] = [];
  readonly orders: unknown[] = [];
  readonly announcements: Announcements;
  kernel: Kernel = () => null;
  beforeSend: () => void = () => undefined;
  slave: number | null = 2;
  openError: SyscallError | null = null;
  calls = 0;
  open = 0;

  constructor(guests: number, settings: Partial<AnnounceConfig> = {}) {
    this.bonds.set(BOND, this.guestsOf(BOND, guests));
    const { events } = this;
    events.on('announceable', (bond, key) => this.announcements.joined(bond, key));
    events.on('firstRoundOut', (bond, seconds) => void this.outAfter.push([bond, seconds]));
    events.on('refused', (_, kind, code, frames) => void this.told.push(`${frames} ${kind} ${code}`));
    events.on('due', (...order) => void this.orders.push(order));
    events.on('ended', (bond, { result, sent, refused }) =>
      this.told.push(`${bond} ${result} ${Object.values(sent).join()} ${refused}`),
    );
    const tools = {
      clock: this.clock,
      chance: () => 0,
      openPort: (bond: number) => this.port(bond),
      addressesOf: (_: number, { mac: whose }: { mac: Mac }) => [
        { ip: `10.0.0.${parseInt(whose.slice(-2), 16)}` as Ip, router: false, lastSeen: 0, withheld: null },
      ],
      events,
    };
    const config = { ...ANNOUNCE_DEFAULTS, ...settings };
    this.announcements = new Announcements(
      config,
      this.bonds,
      { ...tools, reportsOf: () => [] },
      () => this.slave,
      String,
    );
  }

  guestsOf(bond: number, count: number): BondGuests {
    const guests = new BondGuests(100_000, undefined, (key) => this.events.emit('announceable', asBond(bond), key));
    for (let n = 1; n <= count; n++) guests.update(mac(n), [this.verdict(n, asBond(bond))]);
    guests.batch.publish();
    return guests;
  }

  verdict(n: number, bond = BOND): Verdict {
    return { mac: mac(n), bond, tags: [], source: 'fdb', device: 7, lastSeen: null, suppressed: null, entry: null };
  }

  /** The failover thread has sent the first `turns` frames. */
  failover(turns: number, more: Partial<FirstRound> = {}): void {
    const bond = more.bond ?? BOND;
    const guests = this.bonds.get(bond);
    const epoch = guests ? Atomics.add(controlWords(guests.batch.memory), EPOCH, 1) + 1 : 0;
    const portion = { edition: 1, start: 0, count: guests?.batch.size ?? 0, turns };
    this.announcements.failover({
      bond, slave: 2, cause: 'failover', arrived: this.clock.now, sent: turns, errors: {}, portion, epoch, damped: null,
      firstFrame: 0, lastFrame: 0, ...more,
    }); // prettier-ignore
  }

  /** The failover thread has seen another failover; its message is on its way. */
  detect(): void {
    const guests = this.bonds.get(BOND);
    if (guests) Atomics.add(controlWords(guests.batch.memory), EPOCH, 1);
  }

  what(bond = BOND): string[] {
    return this.wire.filter((frame) => frame.bond === bond).map(({ what }) => what);
  }

  private port(bond: number): SlicePort {
    if (this.openError) throw this.openError;
    this.open++;
    return {
      capacity: 8,
      send: (frames, mayGo) => {
        this.beforeSend();
        return mayGo() ? this.send(bond, frames) : null;
      },
      close: () => void this.open--,
    };
  }

  private send(bond: number, frames: readonly DueFrame[]): number | string {
    const taken = this.kernel(this.calls++, frames.length) ?? frames.length;
    for (const { bytes } of typeof taken === 'number' ? frames.slice(0, taken) : []) {
      const { src, arp } = dissect(bytes);
      const what = `${arp?.op === 3 ? 'rarp' : 'garp'} ${parseInt(src.slice(-2), 16)}`;
      this.wire.push({ at: this.clock.now, bond, what });
    }
    return taken;
  }
}

const ONE_ROUND = { schedule: [0] };
const rarps = (...guests: number[]): string[] => guests.map((n) => `rarp ${n}`);

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
