import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { AnnounceConfig } from '../../../src/config/config.js';
import { SyscallError } from '../../../src/errors.js';
import { Events } from '../../../src/tasks/events.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import { Announcements } from '../../../src/wire/announcements.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { Refreshes } from '../../../src/wire/refreshes.js';
import type { SlicePort } from '../../../src/wire/slice-port.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { FakeClock } from '../../support/fake-clock.js';

const BOND = asBond(4);
const REFRESH = 10;
const ON: AnnounceConfig = { ...ANNOUNCE_DEFAULTS, refresh: REFRESH };
const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;

/** Bonds whose guests never speak. */
class World {
  readonly clock = new FakeClock();
  readonly events = new Events<DaemonEvents>();
  readonly bonds = new Map<BondId, BondGuests>();
  readonly announcements: Announcements;
  readonly refreshes: Refreshes;
  /** What the kernel took, or refused: kinds. */
  sent: string[] = [];
  refused: string[] = [];
  isInOrder = true;
  /** null: it takes all. */
  kernel: string | null = null;
  openError: SyscallError | null = null;
  open = 0;

  constructor(settings = ON) {
    const { clock, events } = this;
    const guests = new BondGuests(100, undefined, (key) => events.emit('announceable', BOND, key));
    this.bonds.set(BOND, guests);
    const address = { ip: '10.0.0.1' as Ip, router: false, lastSeen: 0, withheld: null };
    const known = { addressesOf: () => [address], reportsOf: () => [] };
    const tools = { clock, chance: () => 0, openPort: () => this.port(), ...known, events };
    this.announcements = new Announcements(settings, this.bonds, tools, () => 2, String);
    const more = { heardLeaving: () => -Infinity, isInOrder: () => this.isInOrder };
    this.refreshes = new Refreshes(settings, this.bonds, this.announcements, { ...tools, ...more });
    events.on('announceable', (bond, key) => this.refreshes.joined(bond, key));
    events.on('refreshed', (_, kind, frames) => void this.sent.push(...Array<string>(frames).fill(kind)));
    events.on('notRefreshed', (_, kind, code, frames) => void this.refused.push(`${frames} ${kind} ${code}`));
    events.on('guestsChanged', () => this.refreshes.follow());
    for (const n of [1, 2, 3]) this.add(n);
  }

  add(n: number): void {
    const verdict = { mac: mac(n), bond: BOND, tags: [], device: 7, lastSeen: null, suppressed: null, entry: null };
    this.bonds.get(BOND)?.update(mac(n), [{ ...verdict, source: 'fdb' }]);
    this.bonds.get(BOND)?.batch.publish();
  }

  /** What is sent in the next so many times of a refresh, by kind. */
  after(times: number): { rarp: number; garp: number } {
    this.sent = [];
    this.clock.advance(times * REFRESH);
    return {
      rarp: this.sent.filter((kind) => kind === 'rarp').length,
      garp: this.sent.filter((kind) => kind === 'garp').length,
    };
  }

  private port(): SlicePort {
    if (this.openError) throw this.openError;
    this.open++;
    return {
      capacity: 8,
      send: (frames, mayGo) => (mayGo() ? (this.kernel ?? frames.length) : null),
      close: () => void this.open--,
    };
  }
}

test('silent guests are refreshed once the host is known, with their addresses, newcomers too', () => {
  const world = new World();
  assert.deepEqual([world.after(5), world.open], [{ rarp: 0, garp: 0 }, 0]);
  world.refreshes.begin();
  const first = world.after(10);
  assert.ok(first.rarp >= 30 && first.rarp <= 36 && first.garp === first.rarp, JSON.stringify(first));
  world.add(4);
  assert.ok(world.after(10).rarp >= 40);
  world.bonds.get(BOND)?.update(mac(4), []);
  assert.ok(world.after(10).rarp <= 36);
});

test('off, nothing is sent; a reload begins and ends it, and nothing stays open', () => {
  const world = new World(ANNOUNCE_DEFAULTS);
  world.refreshes.begin();
  assert.deepEqual([world.after(5), world.open], [{ rarp: 0, garp: 0 }, 0]);
  world.refreshes.configure({ ...ON, kinds: ['rarp'] });
  const on = world.after(5);
  assert.ok(on.rarp >= 12 && on.garp === 0);
  world.refreshes.configure(ANNOUNCE_DEFAULTS);
  assert.deepEqual([world.after(5), world.open], [{ rarp: 0, garp: 0 }, 0]);
});

test('a bond that is not in order, or waits because it fails over too often, is left alone', () => {
  const world = new World();
  world.refreshes.begin();
  world.isInOrder = false;
  assert.equal(world.after(5).rarp, 0);
  world.isInOrder = true;
  assert.ok(world.after(5).rarp > 0);
  const round = { bond: BOND, slave: 2, cause: 'failover', arrived: world.clock.now, sent: 0, errors: {} } as const;
  const none = { portion: null, epoch: 1, firstFrame: 0, lastFrame: 0 };
  world.announcements.failover({ ...round, ...none, damped: world.clock.now + 5 * REFRESH });
  assert.equal(world.after(4).rarp, 0);
  assert.ok(world.after(5).rarp > 0, 'and when that is over it goes on');
});

test('a bond that is gone is not sent on any more; one that cannot be is tried again with the next change', () => {
  const world = new World();
  world.openError = new SyscallError('bind', 'ENODEV', 'bond0');
  world.refreshes.begin();
  assert.equal(world.after(2).rarp, 0);
  world.openError = null;
  world.events.emit('guestsChanged');
  assert.ok(world.after(2).rarp > 0);
  world.bonds.delete(BOND);
  world.events.emit('guestsChanged');
  assert.deepEqual([world.after(5), world.open], [{ rarp: 0, garp: 0 }, 0]);
});

test('what the kernel refuses is told, and it goes on', () => {
  const world = new World();
  world.refreshes.begin();
  world.kernel = 'ENETDOWN';
  world.after(2);
  assert.ok(world.refused.length > 0 && world.refused.every((line) => line.endsWith('ENETDOWN')), world.refused.join());
  world.kernel = null;
  assert.ok(world.after(2).rarp > 0);
  world.refreshes.stop();
  assert.equal(world.open, 0);
});
