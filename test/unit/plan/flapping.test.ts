import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { guestKey, mostWithin, Simulation } from '../../support/announcing.js';
import { Damping } from '../../../src/plan/limits.js';

const DAMPING = { failovers: 4, within: 180, holdOff: 30 };

test('four failovers are announced in three minutes, the fifth when the window has room and the bond is quiet', () => {
  const damping = new Damping(DAMPING);
  for (const at of [0, 10, 20, 30]) assert.equal(damping.failover(at), null);
  assert.equal(damping.failover(40), 180, 'the window');
  assert.equal(damping.failover(170), 200, 'the hold-off');
  assert.equal(damping.release(199), false);
  assert.equal(damping.failover(199.9), 229.9, 'it is not quiet yet');
  assert.equal(damping.release(200), false);
  assert.equal(damping.release(229.9), true);
  assert.equal(damping.release(230), false, 'once');
  assert.equal(damping.failover(231), null, 'the window has room: two of the four were long ago');
});

test('a failover after the hold-off is announced at once, though nobody has asked for the one held back', () => {
  const damping = new Damping(DAMPING);
  for (const at of [0, 1, 2, 3, 4]) damping.failover(at);
  assert.equal(damping.failover(300), null);
});

test('a bond that fails over every second is announced four times, cancelled each time, and once when it is quiet', () => {
  const simulation = new Simulation();
  for (let n = 1; n <= 40; n++) simulation.add(n, `10.0.0.${n}`);
  for (let n = 0; n < 60; n++) {
    simulation.failover();
    simulation.advance(1);
  }
  assert.deepEqual(simulation.announced, [1000, 1001, 1002, 1003]);
  assert.equal(simulation.damped.length, 56);
  const late = simulation.sent.filter(({ at }) => at > 1004);
  assert.deepEqual(late, [], 'a failover that is held back cancels the run before it');
  simulation.advance(200);
  assert.deepEqual(simulation.announced.slice(4), [1180], 'the window opens; the last failover was at 1059');
  const rarps = simulation.of('rarp', simulation.run).length;
  assert.equal(rarps, 6 * 40, 'with all rounds');
});

test('on a bond that flaps, those go first who had no turn, so that the last address has one', () => {
  const simulation = new Simulation();
  for (let n = 1; n <= 40; n++) simulation.add(n, `10.0.0.${n}`);
  for (let n = 0; n < 4; n++) {
    simulation.failover();
    simulation.advance(1);
  }
  const garps = simulation.of('garp').map(({ id }) => id);
  assert.ok(garps.length >= 32, `${garps.length}`);
  assert.equal(new Set(garps).size, garps.length, 'nobody twice, as long as one is left');
});

test('on a bond that flaps, RARP begins with those who had no turn', () => {
  const simulation = new Simulation({
    settings: { rate: { rarp: { rate: 10, burst: 10 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } },
  });
  for (let n = 1; n <= 60; n++) simulation.add(n);
  for (let n = 0; n < 4; n++) {
    simulation.failover();
    simulation.advance(1);
  }
  const rarps = simulation.of('rarp').map(({ id }) => id);
  assert.ok(rarps.length >= 50);
  assert.equal(new Set(rarps.slice(0, 50)).size, 50);
});

test('while the main thread is busy, the failover thread itself begins with those who had no turn', () => {
  const rate = { rarp: { rate: 10, burst: 10 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const simulation = new Simulation({ settings: { rate } });
  for (let n = 1; n <= 25; n++) simulation.add(n);
  for (let n = 0; n < 3; n++) {
    simulation.failover();
    simulation.stall(1);
  }
  const rarps = simulation.of('rarp').map(({ id }) => id);
  const inOrder = Array.from({ length: 30 }, (_, n) => guestKey((n % 25) + 1));
  assert.deepEqual(rarps, inOrder);
});

test('the next first round begins where the run had come to', () => {
  const rate = { rarp: { rate: 10, burst: 10 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const simulation = new Simulation({ settings: { rate } });
  for (let n = 1; n <= 60; n++) simulation.add(n);
  simulation.failover();
  simulation.advance(1.001);
  simulation.stall(1);
  simulation.failover();
  const rarps = simulation.of('rarp').map(({ id }) => id);
  const inOrder = Array.from({ length: 30 }, (_, n) => guestKey(n + 1));
  assert.deepEqual(rarps, inOrder);
});

test('whoever is left over from a run and is sent in the first burst of the next is not sent twice in its first round', () => {
  const rate = { rarp: { rate: 1000, burst: 10 }, arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const simulation = new Simulation({ settings: { rate } });
  for (let n = 1; n <= 60; n++) simulation.add(n);
  simulation.failover();
  simulation.advance(0.005);
  simulation.failover();
  simulation.advance(0.5);
  const rarps = simulation.of('rarp', 2).map(({ id }) => id);
  assert.equal(rarps.length, 60);
  assert.equal(new Set(rarps).size, 60);
});

type Step =
  | { do: 'failover' }
  | { do: 'wait'; seconds: number }
  | { do: 'arp'; frames: number }
  | { do: 'add'; guest: number }
  | { do: 'remove'; guest: number };

const anyGuest = fc.integer({ min: 1, max: 60 });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.double({ min: 0, max: 40, noNaN: true }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('failover' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('arp' as const), frames: fc.integer({ min: 1, max: 30 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('add' as const), guest: anyGuest }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), guest: anyGuest }) },
);

const RATES = {
  rarp: { rate: 20, burst: 30 },
  arp: { rate: 8, burst: 4 },
  na: { rate: 10, burst: 5 },
  mcast: 'unlimited',
} as const;

function play(steps: readonly Step[], seed: number): Simulation {
  const simulation = new Simulation({ seed, slice: 8, settings: { rate: RATES } });
  for (let n = 1; n <= 30; n++) simulation.add(n, `10.0.0.${n}`, `2001:db8::${n}`);
  for (const step of steps) {
    if (step.do === 'wait') simulation.advance(step.seconds);
    else if (step.do === 'failover') simulation.failover();
    else if (step.do === 'arp') simulation.guestArp(step.frames);
    else if (step.do === 'add') simulation.add(step.guest, `10.0.0.${step.guest}`, `2001:db8::${step.guest}`);
    else simulation.remove(step.guest);
  }
  return simulation;
}

/** No stretch of time between two frames has more of them than the bucket can have given. */
function assertRate(times: readonly number[], { rate, burst }: { rate: number; burst: number }, what: string): void {
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const span = (times[to] ?? 0) - (times[from] ?? 0);
      assert.ok(to - from + 1 <= rate * span + burst + 1e-3, `${to - from + 1} ${what} in ${span} s`);
    }
  }
}

test('whatever happens, and in whatever order, every rule holds', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), fc.nat(), (steps, seed) => {
      const simulation = play(steps, seed);
      const times = (kind: 'rarp' | 'garp' | 'na'): number[] => simulation.of(kind).map(({ at }) => at);
      assertRate(times('rarp'), RATES.rarp, 'RARP');
      assertRate(times('garp'), RATES.arp, 'ARP');
      assertRate(times('na'), RATES.na, 'NA');
      assert.ok(mostWithin(simulation.announced, 180) <= 4);
      const advertised = new Map<string, { run: number; at: number; times: number }>();
      for (const { id, at, run } of simulation.of('na')) {
        const before = advertised.get(id);
        if (before) assert.ok(at - before.at >= 1 - 1e-9, `${id} again after ${at - before.at} s`);
        const now = { run, at, times: before?.run === run ? before.times + 1 : 1 };
        assert.ok(now.times <= 3);
        advertised.set(id, now);
      }
      for (const { at, run } of simulation.sent) assert.ok(run <= simulation.run && at <= simulation.now);
      assert.deepEqual(play(steps, seed).sent, simulation.sent, 'the same again');
    }),
    { numRuns: 150 },
  );
});

test('whatever has happened, every address gets its turn in a run that lasts', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30, size: 'max' }), fc.nat(), (steps, seed) => {
      const simulation = play(steps, seed);
      simulation.advance(400);
      simulation.failover();
      const since = simulation.now;
      simulation.advance(400);
      assert.deepEqual(
        [simulation.running, simulation.results.at(-1)],
        [false, simulation.guests.size > 0 ? 'completed' : 'empty'],
      );
      const sent = new Set(simulation.sent.filter(({ at }) => at >= since).map(({ id }) => id));
      for (const [key, addresses] of simulation.guests) {
        assert.ok(sent.has(key), key);
        for (const { ip } of addresses) assert.ok(sent.has(`${key} ${ip}`), `${key} ${ip}`);
      }
    }),
    { numRuns: 60 },
  );
});
