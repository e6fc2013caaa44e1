import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { FrameKind } from '../../../src/config/config.js';
import { GroupTable } from '../../../src/groups/group-table.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { guestKey, mostWithin, Simulation, type SimulationOptions } from '../../support/announcing.js';

const BOND = asBond(4);
const ALL: readonly FrameKind[] = ['rarp', 'garp', 'na', 'mcast'];

/** Guests that are in one group each, after a failover. */
function failedOver(guests: number, options: SimulationOptions = {}, ipOf = (_: number): string[] => []): Simulation {
  const table = new GroupTable(guests);
  const simulation = new Simulation({
    capacity: guests,
    reportsOf: (bond, { mac, tags }, now) => table.reports({ mac, bond, tags }, [], now),
    ...options,
  });
  for (let n = 1; n <= guests; n++) {
    simulation.add(n, ...ipOf(n));
    const [mac = ''] = guestKey(n).split(' ');
    const records = [{ type: 'to-exclude', group: '239.1.1.1' as Ip, sources: [] }] as const;
    const said = { type: 'report', family: 4, version: 3, source: '10.0.0.1' as Ip, records } as const;
    table.heard({ mac: mac as never, bond: BOND, tags: [] }, said, true, simulation.now);
  }
  simulation.failover();
  return simulation;
}

test('groups are reported in the first two rounds, after the RARPs, and within their rate', () => {
  const simulation = failedOver(300);
  simulation.advance(100);
  const reports = simulation.of('mcast');
  assert.equal(reports.length, 2 * 300);
  const firstRarps = simulation.sent.findIndex(({ kind }) => kind !== 'rarp');
  assert.equal(firstRarps, 300);
  const times = reports.map(({ at }) => at);
  assert.ok(mostWithin(times, 1) <= 100 + 200 + 1, `${mostWithin(times, 1)} within a second`);
  const one = failedOver(1);
  one.advance(100);
  assert.deepEqual(
    one.of('mcast').map(({ at }) => at - 1000 < 1.5),
    [true, true],
  );
});

test('who is not announced any more is not said to be in groups', () => {
  const simulation = failedOver(300);
  simulation.advance(0.001);
  const before = simulation.of('mcast').length;
  for (let n = 1; n <= 300; n++) simulation.remove(n);
  simulation.advance(100);
  assert.deepEqual([before > 0, simulation.of('mcast').length], [true, before]);
});

for (const rarp of ['unlimited', ANNOUNCE_DEFAULTS.rate.rarp] as const)
  test(`ten thousand guests have their RARPs no later for what is said of groups, rarp: ${JSON.stringify(rarp)}`, () => {
    const rate = { ...ANNOUNCE_DEFAULTS.rate, rarp };
    const timesOf = (kinds: readonly FrameKind[]): number[] => {
      const simulation = failedOver(10_000, { settings: { rate, kinds, schedule: [0], jitter: 0 } });
      simulation.advance(60);
      return simulation.of('rarp').map(({ at }) => at);
    };
    const [alone, beside] = [timesOf(ALL.slice(0, 3)), timesOf(ALL)];
    assert.equal(beside.length, 10_000);
    assert.ok(beside.every((at, n) => at <= (alone[n] ?? 0) + 1e-9));
  });

test('at the default rates the round of ten thousand guests with an address each ends no later for it', () => {
  const endOf = (kinds: readonly FrameKind[]): number => {
    const simulation = failedOver(10_000, { settings: { kinds, schedule: [0], jitter: 0 } }, (n) => [
      `10.0.${n >> 8}.${n & 255}`,
    ]);
    simulation.advance(1400);
    assert.equal(simulation.of('garp').length, 10_000);
    assert.equal(simulation.of('mcast').length, kinds === ALL ? 10_000 : 0);
    return Math.max(...simulation.sent.map(({ at }) => at));
  };
  assert.equal(endOf(ALL), endOf(ALL.slice(0, 3)));
});
