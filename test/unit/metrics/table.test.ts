import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { Metrics } from '../../../src/metrics/metrics.js';
import { LATENCY_BUCKETS, METRICS } from '../../../src/metrics/table.js';

/** What dashboards and alerts rely on. */
const CONTRACT: Record<string, readonly string[]> = {
  bondherald_build_info: ['version'],
  bondherald_bond_active_slave: ['bond', 'slave'],
  bondherald_bond_failovers_total: ['bond'],
  bondherald_last_failover_timestamp_seconds: ['bond'],
  bondherald_guests: ['bond', 'source'],
  bondherald_listening: ['bond', 'how'],
  bondherald_unexplained_speakers: ['bond'],
  bondherald_standby_vlans: ['bond', 'slave', 'state'],
  bondherald_guest_evictions_total: ['reason'],
  bondherald_sightings_ignored_total: ['source', 'reason'],
  bondherald_announcements_total: ['bond', 'result'],
  bondherald_frames_sent_total: ['bond', 'kind'],
  bondherald_refreshed_total: ['bond', 'kind'],
  bondherald_frame_errors_total: ['bond', 'kind', 'code'],
  bondherald_guests_suppressed_total: ['bond', 'reason'],
  bondherald_announcement_first_frame_seconds: ['bond'],
  bondherald_announcement_last_frame_seconds: ['bond'],
  bondherald_netlink_overruns_total: ['socket'],
  bondherald_resyncs_total: ['reason'],
};

const ALL = Object.entries(METRICS);

test('every metric has the name and the labels that dashboards rely on', () => {
  assert.deepEqual(Object.fromEntries(ALL.map(([name, { labels }]) => [name, labels])), CONTRACT);
});

test('the name of a metric tells its program, its unit and whether it only grows', () => {
  for (const [name, { type }] of ALL) {
    assert.match(name, /^bondherald_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.ok(name.endsWith('_seconds'), name);
    assert.doesNotMatch(name, /milliseconds|_ms|_us|_count$|_sum$|_bucket$/);
  }
});

test('the help of a metric is one sentence or two, and helps', () => {
  for (const [name, { help }] of ALL) {
    assert.match(help, /^[A-Z][^\n]{15,}\.$/, name);
    assert.notEqual(help.toLowerCase().replaceAll(/[^a-z]/g, ''), name.replaceAll(/[^a-z]/g, ''));
  }
});

test('no label can carry the address of a guest', () => {
  const measures = ['kind', 'source', 'reason', 'code', 'result', 'socket', 'how', 'state'];
  const closed = new Set(['version', 'bond', 'slave', ...measures]);
  for (const [name, { labels }] of ALL) for (const label of labels) assert.ok(closed.has(label), `${name}{${label}}`);
});

test('latencies are told apart from 50 µs to more than a second', () => {
  assert.equal(LATENCY_BUCKETS[0], 50e-6);
  assert.ok(LATENCY_BUCKETS.every((bound, i) => i === 0 || bound > (LATENCY_BUCKETS[i - 1] ?? 0)));
  assert.ok((LATENCY_BUCKETS.at(-1) ?? 0) > 1);
});

test('a scrape lists every metric with its type and help, and those of the process and of Node', async () => {
  const registry = new Registry();
  const metrics = new Metrics(registry).withDefaults('1.2.3');
  metrics.set('bondherald_build_info', { version: '1.2.3' }, 1);
  metrics.count('bondherald_frames_sent_total', { bond: 'bond0', kind: 'rarp' }, 7);
  metrics.observe('bondherald_announcement_first_frame_seconds', { bond: 'bond0' }, 60e-6);
  const text = await registry.metrics();
  for (const [name, { type, help }] of ALL) {
    assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.ok(text.includes(`# HELP ${name} ${help}\n`), name);
  }
  assert.ok(text.includes('bondherald_build_info{version="1.2.3"} 1\n'));
  assert.ok(text.includes('bondherald_frames_sent_total{bond="bond0",kind="rarp"} 7\n'));
  assert.ok(text.includes('bondherald_announcement_first_frame_seconds_bucket{le="0.00005",bond="bond0"} 0\n'));
  assert.ok(text.includes('bondherald_announcement_first_frame_seconds_bucket{le="0.0001",bond="bond0"} 1\n'));
  assert.match(text, /^process_cpu_seconds_total /m);
  assert.match(text, /^nodejs_eventloop_lag_seconds /m);
  assert.doesNotMatch(text, /^nodejs_eventloop_lag_\w+_seconds/m);
  assert.doesNotMatch(text, /^nodejs_active_\w+_total/m);
});

test('two daemons in one process do not share their metrics', async () => {
  const registries = [new Registry(), new Registry()] as const;
  const [one] = registries.map((registry) => new Metrics(registry));
  one?.count('bondherald_resyncs_total', { reason: 'overrun' });
  assert.ok((await registries[0].metrics()).includes('{reason="overrun"} 1'));
  assert.ok(!(await registries[1].metrics()).includes('{reason="overrun"} 1'));
});
