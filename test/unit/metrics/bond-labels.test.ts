import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { BondLabels, MAX_BONDS, Metrics, OTHER_BONDS } from '../../../src/metrics/metrics.js';

test('a bond that is gone keeps its series for ten minutes, and one that comes back for good', () => {
  const labels = new BondLabels();
  for (const bond of ['bond0', 'bond1']) labels.label(bond);
  const both = new Set(['bond0', 'bond1']);
  assert.deepEqual(labels.expire(new Set(['bond0']), 100), []);
  assert.deepEqual(labels.expire(new Set(['bond0']), 699), []);
  assert.deepEqual(labels.expire(both, 700), []);
  assert.deepEqual(labels.expire(new Set(['bond0']), 1300), []);
  assert.deepEqual(labels.expire(new Set(['bond0']), 1900), ['bond1']);
  assert.deepEqual(labels.expire(new Set(['bond0']), 2000), []);
});

test('of many bonds that are gone the oldest go at once', () => {
  const labels = new BondLabels();
  for (let n = 0; n < 100; n++) labels.label(`b${n}`);
  const present = new Set(Array.from({ length: 50 }, (_, n) => `b${n + 50}`));
  assert.deepEqual(labels.expire(present, 1), []);
  assert.equal(labels.expire(new Set(), 2).length, 100 - 64);
});

test('with thousands of bonds the rest share one name', async () => {
  const registry = new Registry();
  const metrics = new Metrics(registry);
  for (let n = 0; n < 3 * MAX_BONDS; n++) {
    const bond = `bond${n}`;
    metrics.count('bondherald_bond_failovers_total', { bond });
    metrics.set('bondherald_bond_active_slave', { bond, slave: 'up1' }, 1);
  }
  const lines = (await registry.metrics()).split('\n');
  assert.equal(lines.filter((line) => line.startsWith('bondherald_bond_failovers_total{')).length, MAX_BONDS + 1);
  assert.ok(lines.includes(`bondherald_bond_failovers_total{bond="${OTHER_BONDS}"} ${2 * MAX_BONDS}`));
  assert.equal(lines.filter((line) => line.startsWith('bondherald_bond_active_slave{')).length, MAX_BONDS);
});

test('every series of a bond that is gone vanishes, and no other', async () => {
  const registry = new Registry();
  const metrics = new Metrics(registry);
  for (const bond of ['bond0', 'bond1']) {
    metrics.introduce(bond);
    metrics.count('bondherald_frame_errors_total', { bond, kind: 'na', code: 'ENOBUFS' });
    metrics.observe('bondherald_announcement_last_frame_seconds', { bond }, 1e-3);
    metrics.set('bondherald_last_failover_timestamp_seconds', { bond }, 7);
  }
  const series = async (bond: string): Promise<number> =>
    (await registry.metrics()).split('\n').filter((line) => line.includes(`bond="${bond}"`)).length;
  const before = await series('bond0');
  assert.ok(before > 25);
  for (const now of [0, 601]) await metrics.forgetGone(new Set(['bond0']), now);
  assert.deepEqual([await series('bond0'), await series('bond1')], [before, 0]);
});

test('counters of closed sets are there at 0, those of a bond once it is known', async () => {
  const registry = new Registry();
  const metrics = new Metrics(registry);
  metrics.introduce('bond0');
  const text = await registry.metrics();
  for (const line of [
    'bondherald_netlink_overruns_total{socket="link"} 0',
    'bondherald_guest_evictions_total{reason="per-port"} 0',
    'bondherald_resyncs_total{reason="malformed"} 0',
    'bondherald_bond_failovers_total{bond="bond0"} 0',
    'bondherald_frames_sent_total{bond="bond0",kind="garp"} 0',
    'bondherald_announcements_total{bond="bond0",result="damped"} 0',
  ])
    assert.ok(text.includes(`\n${line}\n`), line);
  assert.ok(!text.includes('bondherald_frame_errors_total{'), 'nobody knows the errnos to come');
});
