import { NO_FRAMES } from '../../../src/config/config.js';
import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailoverHistory } from '../../../src/host/history.js';
import type { FailoverRecord } from '../../../src/plan/failover-record.js';
import { servedBonds } from '../../../src/topology/bonds.js';
import { Topology } from '../../../src/topology/topology.js';
import type { RunReport } from '../../../src/wire/bond-run.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeHost } from '../../support/host.js';

const ROUNDS = 6;

class World {
  readonly host = new FakeHost();
  readonly topology = new Topology();
  readonly clock = new FakeClock();
  readonly history = new FailoverHistory(
    { monotonic: () => this.clock.now, unix: () => 1_700_000_000 + this.clock.now },
    this.topology,
    ROUNDS,
  );
  readonly bond = this.host.index(BOND);

  constructor() {
    this.follow();
  }

  follow(): void {
    this.topology.startDump();
    for (const event of this.host.dump()) this.topology.apply(event);
    this.topology.finishDump();
    this.history.follow(servedBonds(this.topology));
  }

  /** The kernel's word on who carries the traffic. */
  active(slave: string | null): void {
    const activeSlave = slave === null ? null : this.host.index(slave);
    this.host.change(BOND, { details: { type: 'bond', mode: 1, activeSlave, arpInterval: 0 } });
    this.follow();
  }

  failover(slave: string, more: Partial<FirstRound> = {}): void {
    this.history.failover({
      bond: asBond(this.bond), slave: this.host.index(slave), cause: 'failover', arrived: this.clock.now, sent: 3, errors: {},
      portion: { edition: 1, start: 0, count: 3, turns: 3 }, epoch: 1, damped: null, firstFrame: 70e-6, lastFrame: 90e-6,
      ...more,
    }); // prettier-ignore
  }

  ended(result: RunReport['result'], seconds = 0): void {
    this.history.ended(asBond(this.bond), { result, sent: NO_FRAMES, refused: 0, seconds });
  }

  get records(): FailoverRecord[] {
    return this.history.recordsOf(asBond(this.bond));
  }

  get last(): FailoverRecord {
    const [last] = this.records;
    assert.ok(last);
    return last;
  }
}

test('a failover is kept with its first burst, what followed it round by round, and how it ended', () => {
  const world = new World();
  const { clock, history, bond } = world;
  world.failover('up2');
  assert.deepEqual([world.last.result, world.last.seconds], [null, null], 'it lasts');
  clock.advance(0.1);
  history.sent(asBond(bond), 'garp', 2, 1);
  clock.advance(0.1);
  history.sent(asBond(bond), 'na', 1, 1);
  history.firstRoundOut(asBond(bond), 0.2);
  history.refused(asBond(bond), 'na', 'ENOBUFS', 4);
  clock.advance(1);
  history.sent(asBond(bond), 'rarp', 3, 2);
  world.ended('refused', 33.2);
  assert.deepEqual(world.records, [
    {
      time: 1_700_001_000,
      cause: 'failover',
      from: 'up1',
      to: 'up2',
      firstFrame: 70e-6,
      lastRarp: 90e-6,
      firstRoundOut: 0.2,
      sent: { rarp: 6, garp: 2, na: 1, mcast: 0 },
      refused: { ENOBUFS: 4 },
      rounds: [
        { round: 1, start: 70e-6, end: 0.2, sent: { rarp: 3, garp: 2, na: 1, mcast: 0 } },
        { round: 2, start: 1.2, end: 1.2, sent: { rarp: 3, garp: 0, na: 0, mcast: 0 } },
      ],
      roundsPlanned: ROUNDS,
      heldBack: null,
      result: 'refused',
      seconds: 33.2,
    },
  ]);
});

test('the end of a superseded announcement may be told after the next failover, and is its own', () => {
  const world = new World();
  world.failover('up2');
  world.clock.advance(2);
  world.failover('up1', { sent: 1 });
  world.ended('superseded', 2);
  world.history.sent(asBond(world.bond), 'rarp', 2, 1);
  assert.deepEqual(
    world.records.map(({ from, to, result, sent }) => [from, to, result, sent.rarp]),
    [
      ['up2', 'up1', null, 3],
      ['up1', 'up2', 'superseded', 3],
    ],
  );
});

test('what is held back says for how long; the late announcement is no failover of its own', () => {
  const world = new World();
  const { clock, history, bond } = world;
  const nothing = { sent: 0, portion: null, firstFrame: 0, lastFrame: 0 };
  world.failover('up2', { ...nothing, damped: clock.now + 170 });
  world.ended('damped');
  assert.deepEqual([world.last.heldBack, world.last.result, world.last.firstFrame], [170, 'damped', null]);
  assert.deepEqual(world.last.rounds, []);
  clock.advance(170);
  world.failover('up2', { cause: 'window' });
  assert.deepEqual([world.last.cause, world.last.to, world.last.result], ['window', 'up2', null]);
  world.failover('up2', { cause: 'late' });
  assert.equal(world.last.cause, 'late');
  assert.equal(history.failoversOf(asBond(bond)), 1);
});

test('where the first burst had no frame, the first frame is the one that follows', () => {
  const world = new World();
  world.failover('up2', { sent: 0, errors: { ENOBUFS: 3 } });
  world.clock.advance(0.5);
  world.history.sent(asBond(world.bond), 'garp', 1, 1);
  assert.deepEqual([world.last.firstFrame, world.last.lastRarp, world.last.refused], [0.5, null, { ENOBUFS: 3 }]);
});

test('the link before is the one that the last failover or a loss told of, whatever the kernel says already', () => {
  const world = new World();
  world.active('up2'); // read before the failover thread's word of it
  world.failover('up2');
  assert.deepEqual([world.last.from, world.last.to], ['up1', 'up2']);
  world.active(null);
  world.active('up1');
  world.failover('up1');
  assert.deepEqual([world.last.from, world.last.to], [null, 'up1']);
  world.failover('up1', { cause: 'missed' });
  assert.equal(world.last.from, null, 'from itself is from nobody knows where');
});

test('a bond keeps its last 16 failovers, the latest first, and takes them along when it is deleted', () => {
  const world = new World();
  for (let n = 0; n < 40; n++) {
    world.failover(n % 2 ? 'up1' : 'up2', { sent: n });
    world.ended('superseded');
  }
  assert.deepEqual(
    world.records.map(({ sent }) => sent.rarp),
    Array.from({ length: 16 }, (_, n) => 39 - n),
  );
  assert.equal(world.history.recordsOf(asBond(world.bond), 2).length, 2);
  assert.equal(world.history.recordsOf(asBond(world.bond), 1000).length, 16, 'no more are kept');
  assert.equal(world.history.failoversOf(asBond(world.bond)), 40);
  world.host.remove(BOND);
  world.follow();
  assert.deepEqual([world.records, world.history.failoversOf(asBond(world.bond))], [[], 0]);
  world.ended('bond-gone');
  world.failover('up1');
  assert.deepEqual(world.records, [], 'what is still told of it is let go');
});

test('a record never has more rounds than a schedule can', () => {
  const world = new World();
  world.failover('up2');
  for (let round = 1; round <= 100; round++) world.history.sent(asBond(world.bond), 'rarp', 1, round);
  assert.equal(world.last.rounds.length, 16);
  assert.equal(world.last.sent.rarp, 103);
  assert.equal(
    world.last.rounds.reduce((sum, { sent }) => sum + sent.rarp, 0),
    103,
  );
});

test('a failover that was held back, or whose announcement was cut short, is not announced yet', () => {
  const world = new World();
  const { history, bond } = world;
  const isAnnounced = (): boolean => history.isAnnounced(asBond(bond));
  assert.ok(isAnnounced(), 'none has been seen');
  for (const result of ['damped', 'superseded', 'stopped'] as const) {
    world.failover('up2');
    assert.ok(!isAnnounced(), 'it lasts');
    world.ended(result);
    assert.ok(!isAnnounced(), result);
  }
  for (const result of ['completed', 'refused', 'empty', 'no-active-slave', 'bond-gone'] as const) {
    world.failover('up1');
    world.ended(result);
    assert.ok(isAnnounced(), result);
  }
});
