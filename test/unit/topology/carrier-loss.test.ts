import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BondDetails, LinkEvent } from '../../../src/kernel/events.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { CarrierLosses, leftToKernel, nextSlave } from '../../../src/topology/carrier-loss.js';
import { eventsOf, KERNELS, loadFixture } from '../../support/fixtures.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';

const OPTIONS: BondDetails = { type: 'bond', mode: 1, activeSlave: 1, miimon: 100, arpInterval: 0, downdelay: 0 };
const READY = { carrier: true, linkUp: true, prio: 0 };

test('the primary takes over, else the highest priority, else the first; never one that cannot', () => {
  const slaves = [
    [1, { ...READY, prio: 9 }],
    [2, READY],
    [3, { ...READY, prio: 5 }],
    [4, { ...READY, prio: 5 }],
    [5, { ...READY, prio: -1 }],
  ] as const;
  assert.equal(nextSlave(slaves, 1, null), 3);
  assert.equal(nextSlave(slaves, 1, 5), 5, 'the primary, whatever its priority');
  assert.equal(nextSlave(slaves, 1, 1), 3, 'the primary is the one that failed');
  assert.equal(nextSlave(slaves.slice(0, 2), 1, 7), 2, 'the primary is not there');
  assert.equal(nextSlave(slaves.slice(0, 1), 1, null), null);
  assert.equal(nextSlave([[2, { ...READY, carrier: false }]], 1, 2), null, 'no carrier');
  assert.equal(nextSlave([[2, { ...READY, linkUp: false }]], 1, 2), null, 'down for the bond, or in its updelay');
});

test('what is left to the kernel, and why', () => {
  assert.equal(leftToKernel({ miimon: 100 }), null);
  assert.equal(leftToKernel({ miimon: 100, downdelay: 200, arpInterval: 0 }), 'downdelay is 200');
  assert.equal(leftToKernel({ miimon: 0, arpInterval: 1000 }), 'arp_interval is 1000');
  assert.equal(leftToKernel({ arpInterval: 0 }), 'miimon is 0');
});

/** Losses on a host whose bond has two slaves, up1 the active one. */
class World {
  readonly host = new FakeHost();
  readonly losses = new CarrierLosses();
  readonly bond = asBond(this.host.index(BOND));

  constructor(options: Partial<BondDetails> = {}) {
    this.losses.watch(new Set([this.bond]));
    this.losses.startDump();
    this.tell(BOND, { details: { ...OPTIONS, ...options } });
    this.tell('up1', { bondSlave: { linkUp: true, prio: 0 } });
    this.tell('up2', { bondSlave: { linkUp: true, prio: 0 } });
    this.losses.finishDump(() => []);
  }

  tell(name: string, change: Partial<LinkEvent>): ReturnType<CarrierLosses['apply']> {
    return this.losses.apply(this.host.change(name, change));
  }

  get expected() {
    return { bond: this.bond, slave: this.host.index('up1'), next: this.host.index('up2') };
  }
}

test('the active slave loses its carrier: once, at that message', () => {
  const world = new World();
  assert.deepEqual(world.tell('up1', { lowerUp: false }), world.expected);
  assert.equal(world.tell('up1', { running: false }), null);
  assert.equal(world.tell('up1', { lowerUp: true }), null);
  assert.deepEqual(world.tell('up1', { lowerUp: false, up: false }), world.expected, 'taken down counts the same');
});

test('no loss: of a backup, of a slave that the bond has given up, with nobody to take over, while the bond is down', () => {
  assert.equal(new World().tell('up2', { lowerUp: false }), null);
  const noticed = { lowerUp: false, bondSlave: { linkUp: false, prio: 0 } };
  assert.equal(new World().tell('up1', noticed), null);
  for (const change of [{ lowerUp: false }, { up: false }, { bondSlave: { linkUp: false, prio: 0 } }]) {
    const world = new World();
    world.tell('up2', change);
    assert.equal(world.tell('up1', { lowerUp: false }), null, JSON.stringify(change));
  }
  const down = new World();
  down.tell(BOND, { up: false });
  assert.equal(down.tell('up1', { lowerUp: false }), null);
});

test('no loss: of a bond that is left to the kernel, that nobody asked for, or whose slaves may be others', () => {
  for (const options of [{ downdelay: 100 }, { miimon: 0, arpInterval: 100 }, { miimon: 0 }, { mode: 4 }])
    assert.equal(new World(options).tell('up1', { lowerUp: false }), null, JSON.stringify(options));
  const unwanted = new World();
  unwanted.losses.watch(new Set());
  assert.equal(unwanted.tell('up1', { lowerUp: false }), null);
  const reading = new World();
  reading.losses.startDump();
  assert.equal(reading.tell('up1', { lowerUp: false }), null);
});

test('a slave that left, went, or was not in the last dump does not take over', () => {
  const left = new World();
  left.tell('up2', { master: null, bondSlaveActive: null, bondSlave: undefined } as unknown as Partial<LinkEvent>);
  assert.equal(left.tell('up1', { lowerUp: false }), null);
  const gone = new World();
  gone.losses.apply(gone.host.remove('up2'));
  assert.equal(gone.tell('up1', { lowerUp: false }), null);
  const missing = new World();
  missing.losses.startDump();
  missing.tell('up1', {});
  missing.losses.finishDump(() => []);
  assert.equal(missing.tell('up1', { lowerUp: false }), null);
});

test('of three, the one that the bond got first takes over, which a dump does not tell', () => {
  const world = new World();
  world.host.add('up3', { type: 'other', kind: null }, { master: world.bond, bondSlaveActive: false });
  world.tell('up3', { bondSlave: { linkUp: true, prio: 0 } });
  world.losses.startDump();
  for (const name of ['up1', 'up2', 'up3']) world.tell(name, {});
  const asked: unknown[] = [];
  world.losses.finishDump((bond, ifindex) => {
    asked.push(bond, ifindex);
    return ['up1', 'up3', 'up2'];
  });
  assert.deepEqual(asked, [BOND, world.bond]);
  assert.equal(world.tell('up1', { lowerUp: false })?.next, world.host.index('up3'));
});

test('of three, one of which came after the dump, the one that the bond got first takes over', () => {
  const world = new World();
  world.losses.startDump();
  for (const name of ['up1', 'up2']) world.tell(name, {});
  world.losses.finishDump(() => ['up2', 'up1']);
  world.host.add('up3', { type: 'other', kind: null }, { master: world.bond, bondSlaveActive: false });
  world.tell('up1', { bondSlaveActive: false });
  world.tell('up3', { bondSlave: { linkUp: true, prio: 0 }, bondSlaveActive: true });
  assert.equal(world.tell('up3', { lowerUp: false })?.next, world.host.index('up2'));
});

for (const kernel of KERNELS) {
  test(`${kernel}: as recorded: the loss is found in the message that comes before all others of the failover`, () => {
    const fixture = loadFixture('miimon', kernel);
    const { bond0 = 0, up1, up2 } = fixture.names;
    const losses = new CarrierLosses();
    losses.watch(new Set([asBond(bond0)]));
    losses.startDump();
    for (const event of eventsOf(fixture, 'dump links')) losses.apply(event);
    losses.finishDump(() => []);
    assert.equal(losses.reason(asBond(bond0)), null);
    const found = eventsOf(fixture, 'the active link fails').map((event) => losses.apply(event));
    assert.deepEqual(
      found.filter((loss) => loss !== null),
      [{ bond: bond0, slave: up1, next: up2 }],
    );
  });
}
