import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { LateBonds } from '../../../src/wire/late-bonds.js';
import { type FirstRound, NO_ROUND } from '../../../src/wire/thread-messages.js';

const [BOND, ANEW] = [asBond(4), asBond(20)];
const MAC = '52:54:00:00:00:01' as Mac;

class World {
  readonly bonds = new Map<BondId, BondGuests>();
  readonly names = new Map<BondId, string>([
    [BOND, 'bond0'],
    [ANEW, 'bond0'],
  ]);
  readonly late = new LateBonds(this.bonds, (bond) => this.names.get(bond));

  constructor() {
    this.bonds.set(BOND, new BondGuests(10));
  }

  /** The guest is behind a bond, or is not. @returns the bonds that are to be announced for it */
  guest(bond: BondId, isThere: boolean): BondId[] {
    const here = { mac: MAC, bond, tags: [], source: 'fdb', device: 7, lastSeen: null, suppressed: null } as const;
    this.bonds.get(bond)?.update(MAC, isThere ? [{ ...here, entry: null }] : []);
    return this.late.withGuests();
  }

  /** A bond fails over, with so many guests in its batch; null: the failover thread does not know the bond yet. */
  failover(bond: BondId, count: number | null, more: Partial<FirstRound> = {}): void {
    const portion = count === null ? null : { edition: 1, start: 0, count, turns: count };
    this.late.failover({ ...NO_ROUND, bond, slave: 1, cause: 'failover', arrived: 0, portion, ...more });
  }
}

test('a bond whose guests were not there when it failed over is late until they are', () => {
  const world = new World();
  assert.deepEqual(world.guest(BOND, true), []);
  world.guest(BOND, false);
  world.failover(BOND, 0);
  assert.ok(world.late.has(BOND));
  assert.deepEqual(world.guest(BOND, false), []);
  assert.deepEqual(world.guest(BOND, true), [BOND]);
  world.late.forget(BOND);
  assert.deepEqual(world.guest(BOND, true), [], 'once');
});

test('a failover that announces somebody, or is held back, leaves nothing to make up for', () => {
  for (const [count, more] of [
    [1, {}],
    [0, { damped: 30 }],
    [0, { doneByOvs: new Set(['key']) }],
  ] as const) {
    const world = new World();
    world.guest(BOND, true);
    world.failover(BOND, 0);
    world.failover(BOND, count, more);
    assert.deepEqual(world.guest(BOND, true), []);
  }
});

test('the first guests that a bond ever has have nothing to be announced for', () => {
  const world = new World();
  world.failover(BOND, 0);
  assert.deepEqual(world.guest(BOND, true), []);
});

test('a bond is known again by its name when it is made anew, and by its ifindex when it is renamed', () => {
  const anew = new World();
  anew.guest(BOND, true);
  anew.bonds.delete(BOND);
  anew.bonds.set(ANEW, new BondGuests(10));
  anew.failover(ANEW, null);
  assert.deepEqual(anew.guest(ANEW, true), [ANEW]);

  const renamed = new World();
  renamed.guest(BOND, true);
  renamed.guest(BOND, false);
  renamed.names.set(BOND, 'uplink');
  renamed.failover(BOND, 0);
  assert.deepEqual(renamed.guest(BOND, true), [BOND]);
});

test('a bond may get its name after its failover, and its first guests make it no late one', () => {
  const world = new World();
  world.guest(BOND, true);
  world.bonds.delete(BOND);
  world.bonds.set(ANEW, new BondGuests(10));
  world.names.set(ANEW, 'bond9');
  world.failover(ANEW, null);
  assert.ok(!world.late.has(ANEW));
  world.names.set(ANEW, 'bond0');
  assert.ok(world.late.has(ANEW));
  assert.deepEqual(world.guest(ANEW, true), [ANEW]);

  const first = new World();
  first.failover(BOND, 0);
  first.guest(BOND, true);
  first.guest(BOND, false);
  assert.deepEqual(first.guest(BOND, true), []);
});

test('a bond that is gone is not late', () => {
  const world = new World();
  world.guest(BOND, true);
  world.failover(BOND, 0);
  world.bonds.delete(BOND);
  world.late.withGuests();
  assert.ok(!world.late.has(BOND));
});
