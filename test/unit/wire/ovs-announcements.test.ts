import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { AnnounceConfig } from '../../../src/config/config.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import { Announcements } from '../../../src/wire/announcements.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { OpenFlowPort } from '../../../src/wire/openflow-port.js';
import { OvsFirstRounds } from '../../../src/wire/ovs-first-rounds.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { dissect } from '../../support/dissect.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeSwitch } from '../../support/fake-switch.js';

const BOND = asBond(-5);
/** How frames enter is for the port's own test. */
const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const key = (n: number): string => `${mac(n)} ${BOND}`;

/** A bond of Open vSwitch with guests, as the daemon puts the parts together. */
class World {
  readonly clock = new FakeClock();
  readonly bridge = new FakeSwitch();
  readonly bonds = new Map<BondId, BondGuests>();
  readonly events = new Events<DaemonEvents>();
  readonly sent: string[] = [];
  readonly told: string[] = [];
  readonly timed: string[] = [];
  readonly orders: unknown[] = [];
  readonly rounds: OvsFirstRounds;
  readonly announcements: Announcements;

  constructor(guests: number, settings: Partial<AnnounceConfig> = {}) {
    const config = { ...ANNOUNCE_DEFAULTS, ...settings };
    const { events } = this;
    const behind = new BondGuests(1000, undefined, (each) => events.emit('announceable', BOND, each));
    for (let n = 1; n <= guests; n++) behind.update(mac(n), [verdict(n)]);
    behind.batch.publish();
    this.bonds.set(BOND, behind);
    this.rounds = new OvsFirstRounds(this.bonds, config.damping);
    const tools = {
      clock: this.clock,
      chance: () => 0,
      openPort: () => this.port(),
      addressesOf: (_: number, place: { mac: Mac }) => [
        { ip: `10.0.0.${parseInt(place.mac.slice(-2), 16)}` as Ip, router: false, lastSeen: 0, withheld: null },
      ],
      events,
    };
    events.on('announceable', (_, key) => this.announcements.joined(BOND, key));
    events.on('firstFrameOut', (_, seconds) => void this.timed.push(`first ${seconds.toFixed(2)}`));
    events.on('firstRoundOut', (_, seconds) => void this.timed.push(`last ${seconds.toFixed(2)}`));
    events.on('sent', (_, kind, frames) => void this.sent.push(`${frames} ${kind}`));
    events.on('refused', (_, kind, code, n) => void this.told.push(`${n} ${kind} ${code}`));
    events.on('due', (...order) => void this.orders.push(order));
    events.on('ended', (_, { result, sent, refused }) =>
      this.told.push(`${result} ${Object.values(sent).join()} ${refused}`),
    );
    this.announcements = new Announcements(config, this.bonds, { ...tools, reportsOf: () => [] }, () => 12, String);
  }

  /** Its database tells of a failover; Open vSwitch has sent the RARPs of these guests. */
  failover(...spoken: number[]): void {
    const now = this.clock.now;
    const outcome = this.rounds.failover(BOND, spoken.length, now);
    const doneByOvs = new Set(spoken.map(key));
    this.announcements.failover({ bond: BOND, slave: 12, cause: 'failover', arrived: now, ...outcome, doneByOvs });
  }

  async advance(seconds: number, step = 0.01): Promise<void> {
    for (let n = 0; n < Math.round(seconds / step); n++) {
      this.clock.advance(step);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get what(): string[] {
    return this.bridge.taken.map(({ frame }) => {
      const { src, arp } = dissect(frame);
      return `${arp?.op === 3 ? 'rarp' : 'garp'} ${parseInt(src.slice(-2), 16)}`;
    });
  }

  private port(): OpenFlowPort {
    return new OpenFlowPort({
      clock: this.clock,
      path: () => 'ovs0.mgmt',
      connect: (_, listener) => this.bridge.connect(listener),
      entrance: (each) => ({ inPort: parseInt(each.source.slice(15, 17), 16), tags: [] }),
    });
  }
}

function verdict(n: number): Verdict {
  return { mac: mac(n), bond: BOND, tags: [], source: 'fdb', device: 7, lastSeen: null, suppressed: null, entry: null };
}

const rarps = (what: readonly string[]): string[] => what.filter((each) => each.startsWith('rarp'));

test('who was announced by Open vSwitch itself gets no second RARP at once, who was not gets ours', async () => {
  const world = new World(4, { schedule: [0] });
  world.failover(1, 3);
  await world.advance(2);
  assert.deepEqual(rarps(world.what), ['rarp 2', 'rarp 4']);
  assert.deepEqual(world.what.slice(0, 2), rarps(world.what), 'RARP goes first');
  assert.equal(new Set(world.what).size, 2 + 4, 'and everyone a GARP');
  assert.deepEqual(world.told, ['completed 2,4,0,0 0']);
  assert.equal(world.bridge.open, 0, 'nothing is left behind');
});

test('the rounds after it bring the RARPs of all', async () => {
  const world = new World(3, { schedule: [0, 1.1, 3], kinds: ['rarp'] });
  world.failover(1, 2, 3);
  await world.advance(5);
  assert.deepEqual(world.what, [1, 2, 3, 1, 2, 3].map((n) => `rarp ${n}`)); // prettier-ignore
  assert.equal(world.bridge.connections, 1, 'by one connection');
});

test('the first round is timed from the event, where it has frames of ours', async () => {
  const world = new World(3, { schedule: [0], kinds: ['rarp'], rate: { ...ANNOUNCE_DEFAULTS.rate, rarp: { rate: 10, burst: 1 } } }); // prettier-ignore
  world.failover(2);
  await world.advance(2);
  assert.deepEqual(world.timed, ['first 0.01', 'last 0.11'], 'a step of the clock late');
  const other = new World(3, { schedule: [0], kinds: ['rarp'] });
  other.failover(1, 2, 3);
  await other.advance(2);
  assert.deepEqual(other.timed, []);
});

test('frames count when the switch has taken them, not before', async () => {
  const world = new World(2, { schedule: [0], kinds: ['rarp'] });
  world.bridge.busy = true;
  world.failover();
  await world.advance(1);
  assert.deepEqual([world.sent, world.told], [[], []]);
  world.bridge.work();
  await world.advance(1);
  assert.deepEqual([world.sent, world.told], [['2 rarp'], ['completed 2,0,0,0 0']]);
});

test('refusals are counted by kind and name, and the announcement ends as refused', async () => {
  const world = new World(3, { schedule: [0] });
  world.bridge.refuses = (inPort) => (inPort === 2 ? [1, 11] : null);
  world.failover();
  await world.advance(2);
  assert.deepEqual(world.told, ['1 rarp OFPBRC_BAD_PORT', '1 garp OFPBRC_BAD_PORT', 'refused 2,2,0,0 2']);
});

test('a switch that is gone costs a round, and the next round reaches the one that is back', async () => {
  const world = new World(2, { schedule: [0, 1.1], kinds: ['rarp'] });
  world.bridge.down = 'ECONNREFUSED';
  world.failover();
  await world.advance(1);
  assert.deepEqual(world.told, ['1 rarp ECONNREFUSED', '1 rarp ECONNREFUSED']);
  world.bridge.down = null;
  await world.advance(1);
  assert.deepEqual(world.what, ['rarp 1', 'rarp 2']);
  assert.equal(world.told.at(-1), 'refused 2,0,0,0 2');
});

test('a newer failover supersedes the announcement, also while frames are under way', async () => {
  const world = new World(2, { schedule: [0, 1.1], kinds: ['rarp'] });
  world.bridge.busy = true;
  world.failover();
  await world.advance(0.1);
  world.failover();
  world.bridge.work();
  await world.advance(3);
  assert.equal(world.told[0], 'superseded 0,0,0,0 0');
  assert.equal(world.told.at(-1), 'completed 4,0,0,0 0');
  assert.equal(world.bridge.open, 0);
});

test('frames that were under way when their announcement ended still count', async () => {
  const world = new World(2, { schedule: [0, 9], kinds: ['rarp'] });
  world.bridge.busy = true;
  world.failover();
  await world.advance(0.01);
  world.bridge.work(); // HELLO; the frames are written now
  world.bridge.busy = true;
  await world.advance(0.01);
  world.announcements.lost(BOND, 'no-active-slave');
  world.rounds.cancel(BOND);
  world.bridge.work();
  await world.advance(0.1);
  assert.deepEqual(world.told, ['no-active-slave 0,0,0,0 0']);
  assert.deepEqual([world.sent, world.what.length, world.bridge.open], [['2 rarp'], 2, 0]);
});

test('a bond that fails over too often waits for its window, and then all RARPs are ours', async () => {
  const world = new World(2, { schedule: [0], kinds: ['rarp'], damping: { failovers: 1, within: 60, holdOff: 5 } });
  world.failover(1, 2);
  await world.advance(1);
  world.failover(1, 2);
  await world.advance(1);
  assert.deepEqual(world.what, []);
  assert.equal(world.told.at(-1), 'damped 0,0,0,0 0');
  world.clock.advance(60);
  assert.deepEqual(world.orders, [[BOND, 12, 'window']]);
  const now = world.clock.now;
  const outcome = world.rounds.release(BOND, now);
  assert.ok(outcome);
  world.announcements.failover({
    bond: BOND,
    slave: 12,
    cause: 'window',
    arrived: now,
    ...outcome,
    doneByOvs: new Set(),
  });
  await world.advance(1);
  assert.deepEqual(world.what, ['rarp 1', 'rarp 2']);
});

test('a guest that becomes announceable during the announcement joins it', async () => {
  const world = new World(1, { schedule: [0, 9], kinds: ['rarp'] });
  world.failover(1);
  await world.advance(0.5);
  world.bonds.get(BOND)?.update(mac(2), [verdict(2)]);
  await world.advance(0.5);
  assert.deepEqual(world.what, ['rarp 2']);
});
