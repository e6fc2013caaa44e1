import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { SyscallError } from '../../../src/errors.js';
import type { LinkEvent } from '../../../src/kernel/events.js';
import { activeSlaveRequest, CHANGE_SEQ } from '../../../src/kernel/requests.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { CarrierRehearsal } from '../../../src/wire/carrier-rehearsal.js';
import { CarrierSwitch } from '../../../src/wire/carrier-switch.js';
import type { FromFailoverThread } from '../../../src/wire/thread-messages.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { message, result } from '../../support/netlink.js';

const UP = { linkUp: true, prio: 0 };
const DOWN = { linkUp: false, prio: 0 };
const DETAILS = { type: 'bond', mode: 1, activeSlave: 1, miimon: 100, arpInterval: 0 } as const;
const refusal = (errno: number): Buffer => message({ type: 2, seq: CHANGE_SEQ }, result(-errno));

/** A bond that is switched, up1 the active slave, and a kernel that does as it is told. */
class World {
  readonly host = new FakeHost();
  readonly bond = asBond(this.host.index(BOND));
  readonly told: FromFailoverThread[] = [];
  readonly asked: Uint8Array[] = [];
  readonly answers: Uint8Array[] = [];
  failure: Error | null = null;
  rereads = 0;
  now = 1000;
  readonly carrier = new CarrierSwitch(
    { post: (report) => void this.told.push(report as FromFailoverThread) },
    {
      send: (request) => {
        if (this.failure) throw this.failure;
        this.asked.push(request);
      },
      receive: () => this.answers.shift() ?? 'nothing',
      close: () => undefined,
    },
    () => [],
    () => this.rereads++,
  );

  /** @param probed what the kernel says to what is impossible */
  constructor(probed = refusal(constants.errno.ENODEV), left: string | null = null) {
    this.answers.push(probed);
    this.carrier.watch([this.bond]);
    assert.deepEqual(this.asked.splice(0), [activeSlaveRequest(0, 0)]);
    this.tell(BOND, { details: DETAILS });
    this.tell('up1', { bondSlave: UP });
    this.tell('up2', { bondSlave: UP });
    this.carrier.finishDump(this.now);
    assert.deepEqual(this.told.splice(0), [{ type: 'carrierLoss', bond: this.bond, left }]);
  }

  tell(name: string, change: Partial<LinkEvent>): void {
    this.carrier.apply(this.host.change(name, change), this.now);
  }

  /** The kernel's messages when the slave in charge is another. */
  took(slave: 'up1' | 'up2'): number | null {
    this.tell(slave === 'up1' ? 'up2' : 'up1', { bondSlaveActive: false });
    this.tell(slave, { bondSlaveActive: true });
    return this.carrier.made({ bond: this.bond, slave: this.host.index(slave) }, this.now);
  }

  /** A link loses its carrier and has it again before the kernel looks. */
  flap(slave: 'up1' | 'up2'): void {
    this.tell(slave, { lowerUp: false });
    if (this.asked.length > 0) this.took(slave === 'up1' ? 'up2' : 'up1');
    this.tell(slave, { lowerUp: true });
  }
}

test('at the loss of carrier the kernel is asked once, and the failover that follows is ours', () => {
  const world = new World();
  world.tell('up1', { lowerUp: false });
  assert.deepEqual(world.asked, [activeSlaveRequest(world.bond, world.host.index('up2'))]);
  world.now += 0.5;
  assert.equal(world.took('up2'), 0.5);
  world.tell('up1', { bondSlave: DOWN });
  world.tell('up1', { lowerUp: true, bondSlave: UP });
  assert.equal(world.took('up1'), null, 'an administrator goes back');
  assert.deepEqual([world.asked.length, world.told], [1, []]);
});

test('the kernel was faster: it has missed the link before it says who is active, and the failover is its own', () => {
  const world = new World();
  world.answers.push(refusal(constants.errno.EINVAL));
  world.tell('up1', { lowerUp: false });
  world.tell('up1', { bondSlave: DOWN });
  assert.equal(world.took('up2'), null);
  assert.deepEqual(world.told, []);
});

test('a failover is ours once, and not after there was time to hear of it', () => {
  const world = new World();
  world.tell('up1', { lowerUp: false });
  assert.equal(world.took('up2'), 0);
  assert.equal(world.carrier.made({ bond: world.bond, slave: world.host.index('up2') }, world.now), null);
  const other = new World();
  other.tell('up1', { lowerUp: false });
  other.carrier.rest(other.now);
  assert.equal(other.took('up2'), null, 'the kernel was asked, and took another for some reason');
  other.tell('up1', { lowerUp: true });
  other.flap('up2');
  assert.equal(other.told.length, 1, 'the flap counts all the same');
});

test('the kernel was faster, and refuses: what is held of the slaves may be wrong all the same', () => {
  const world = new World();
  world.answers.push(refusal(constants.errno.EINVAL));
  world.tell('up1', { lowerUp: false });
  world.tell('up1', { bondSlave: DOWN });
  world.carrier.rest(world.now);
  assert.deepEqual([world.told, world.rereads], [[], 1]);
});

test('an answer that was not looked at yet is not taken for that to the question whether bonds can be switched', () => {
  const world = new World();
  world.answers.push(refusal(constants.errno.EINVAL), refusal(constants.errno.ENODEV));
  world.tell('up1', { lowerUp: false });
  world.carrier.watch([world.bond]);
  world.carrier.rest(world.now);
  const slave = world.host.index('up2');
  assert.deepEqual(world.told, [{ type: 'switchRefused', bond: world.bond, slave, errno: 'EINVAL' }]);
});

test('refused: told once it is known, whether the answer or the call says so; the failover of the kernel is its own', () => {
  const world = new World();
  const { bond } = world;
  const slave = world.host.index('up2');
  world.answers.push(refusal(constants.errno.EPERM));
  world.tell('up1', { lowerUp: false });
  assert.deepEqual(world.told, [], 'the burst comes first');
  world.carrier.rest(world.now);
  assert.deepEqual(world.told.splice(0), [{ type: 'switchRefused', bond, slave, errno: 'EPERM' }]);
  assert.equal(world.took('up2'), null);
  assert.equal(world.rereads, 0);

  world.answers.push(refusal(constants.errno.EPERM));
  world.tell('up1', { lowerUp: true, bondSlaveActive: true });
  world.tell('up1', { lowerUp: false });
  world.tell('up1', { bondSlave: DOWN });
  assert.equal(world.took('up2'), null);
  assert.equal(world.told.splice(0).length, 1, 'also where the kernel has noticed before the answer was looked at');

  const second = new World();
  second.answers.push(refusal(constants.errno.EINVAL));
  second.tell('up1', { lowerUp: false });
  assert.equal(second.took('up2'), null);
  assert.deepEqual(second.told, [{ type: 'switchRefused', bond, slave, errno: 'EINVAL' }]);
  assert.equal(second.rereads, 1, 'what is held of the slaves may be wrong');

  const third = new World();
  third.failure = new SyscallError('send', 'ENOBUFS', 'a netlink request');
  third.tell('up1', { lowerUp: false });
  assert.deepEqual(third.told, [{ type: 'switchRefused', bond, slave, errno: 'ENOBUFS' }]);
});

test('without the right to, the kernel is not asked, and that is told at once', () => {
  const world = new World(refusal(constants.errno.EPERM), 'EPERM: CAP_NET_ADMIN is missing');
  world.tell('up1', { lowerUp: false });
  world.carrier.rest(world.now);
  assert.deepEqual([world.asked, world.told], [[], []]);
});

test('two bonds lose their carrier at once: each answer counts for its own', () => {
  const world = new World();
  const other = asBond(world.host.add('bond1', DETAILS));
  world.carrier.watch([world.bond, other]);
  for (const name of ['o1', 'o2']) {
    const active = name === 'o1';
    world.host.add(name, { type: 'other', kind: null }, { master: other, bondSlaveActive: active, bondSlave: UP });
  }
  for (const name of [BOND, 'bond1', 'up1', 'up2', 'o1', 'o2']) world.tell(name, {});
  world.carrier.finishDump(world.now);
  world.told.splice(0);
  world.tell('up1', { lowerUp: false });
  world.answers.push(refusal(constants.errno.EINVAL));
  world.tell('o1', { lowerUp: false });
  world.carrier.rest(world.now);
  const slave = world.host.index('up2');
  assert.deepEqual(world.told, [{ type: 'switchRefused', bond: world.bond, slave, errno: 'EINVAL' }]);
});

test('after two flaps in 10 s the bond is left to the kernel for a minute, and both are told', () => {
  const world = new World();
  const { bond } = world;
  world.flap('up1');
  world.now += 5;
  assert.equal(world.told.length, 0);
  world.flap('up2');
  const [left] = world.told.splice(0);
  assert.ok(left?.type === 'carrierLoss' && left.left !== null);
  assert.match(left.left, /less than miimon; again in 60 s/);
  world.now += 59;
  world.tell('up1', { lowerUp: false });
  assert.equal(world.asked.length, 2, 'the kernel will');
  world.tell('up1', { lowerUp: true });
  world.carrier.rest(world.now);
  assert.equal(world.told.length, 0);
  world.now += 2;
  world.carrier.rest(world.now);
  assert.deepEqual(world.told, [{ type: 'carrierLoss', bond, left: null }]);
  world.tell('up1', { lowerUp: false });
  assert.equal(world.asked.length, 3);
});

test('links that fail and come back in earnest are no flaps, however often', () => {
  const world = new World();
  for (let n = 0; n < 6; n++) {
    const [active, other] = n % 2 === 0 ? (['up1', 'up2'] as const) : (['up2', 'up1'] as const);
    world.tell(active, { lowerUp: false });
    world.took(other);
    world.tell(active, { bondSlave: DOWN });
    world.tell(active, { lowerUp: true });
    world.tell(active, { bondSlave: UP });
    world.now += 1;
  }
  assert.deepEqual([world.asked.length, world.told], [6, []]);
});

test('options that leave a bond to the kernel are told when they change', () => {
  const world = new World();
  world.tell(BOND, { details: { ...DETAILS, downdelay: 200 } });
  world.tell(BOND, {});
  world.tell(BOND, { details: DETAILS });
  const { bond } = world;
  assert.deepEqual(world.told, [
    { type: 'carrierLoss', bond, left: 'downdelay is 200' },
    { type: 'carrierLoss', bond, left: null },
  ]);
});

test('a rehearsal goes the whole way and changes nothing', () => {
  const sent: Uint8Array[] = [];
  const requests = { send: (bytes: Uint8Array) => void sent.push(bytes), receive: () => 'nothing' as const };
  const rehearsal = new CarrierRehearsal({ ...requests, close: () => undefined });
  rehearsal.run(1);
  rehearsal.run(2);
  assert.deepEqual(
    sent.map((bytes) => Buffer.from(bytes).readUInt16LE(4)),
    [1, 1, 1], // NLMSG_NOOP
  );
});
