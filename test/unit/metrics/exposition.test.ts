import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { expose, exposeOwn } from '../../../src/metrics/exposition.js';
import { Metrics } from '../../../src/metrics/metrics.js';

/** What Prometheus 2.42 sends, and what Prometheus 3 does. */
const PROMETHEUS = [
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
];
const TEXT = [
  '',
  '*/*',
  'text/plain',
  'text/html,*/*;q=0.8',
  'application/openmetrics-text;version=0.0.1',
  'application/openmetrics-text;q=0',
  'text/plain;q=0.9,application/openmetrics-text;q=0.1',
];

function filled(): Registry {
  const registry = new Registry();
  const metrics = new Metrics(registry).withDefaults('1.2.3');
  metrics.count('bondherald_frames_sent_total', { bond: 'bond0', kind: 'rarp' }, 7);
  metrics.observe('bondherald_announcement_first_frame_seconds', { bond: 'bond0' }, 60e-6);
  metrics.set('bondherald_bond_active_slave', { bond: 'a"b\\c', slave: 'x' }, 1);
  return registry;
}

test('who prefers OpenMetrics gets it, everybody else the text format', async () => {
  for (const accept of PROMETHEUS) {
    assert.match((await expose(filled(), accept)).contentType, /^application\/openmetrics-text; version=1\.0\.0;/);
  }
  for (const accept of [undefined, ...TEXT]) {
    assert.match((await expose(filled(), accept)).contentType, /^text\/plain; version=0\.0\.4;/, accept);
  }
});

test('OpenMetrics: counters are called without _total and their series with it; the end is marked', async () => {
  const { body } = await expose(filled(), PROMETHEUS[0]);
  assert.ok(body.endsWith('\n# EOF\n'));
  assert.ok(!/\n\n/.test(body), 'no empty lines');
  assert.ok(body.includes('# TYPE bondherald_frames_sent counter\n# HELP bondherald_frames_sent Frames that'));
  assert.ok(body.includes('\nbondherald_frames_sent_total{bond="bond0",kind="rarp"} 7\n'));
  assert.ok(!body.includes('_total_total'));
  assert.ok(body.includes('{le="0.00005",bond="bond0"} 0\n'));
  assert.match(body, /^nodejs_gc_duration_seconds_bucket\{le="1\.0"|^# TYPE nodejs_gc_duration_seconds histogram$/m);
  for (const line of body.trimEnd().split('\n')) {
    assert.match(line, /^(# (TYPE|HELP) \w+ .+|# EOF|[a-z_]\w*(\{.*\})? -?(\d[\d.e+-]*|NaN|\+Inf))$/);
  }
});

test('a scrape in one form leaves the next in the other as it was', async () => {
  const registry = filled();
  const strip = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('bondherald_'));
  const before = (await expose(registry, undefined)).body;
  const open = (await expose(registry, PROMETHEUS[0])).body;
  const after = (await expose(registry, undefined)).body;
  assert.deepEqual(strip(after), strip(before));
  assert.deepEqual(strip(open), strip(before), 'the series are the same in both');
  assert.ok(before.includes('# TYPE bondherald_frames_sent_total counter\n'));
});

test('hostile names of devices stay inside their quotes', async () => {
  for (const accept of [undefined, PROMETHEUS[0]]) {
    const { body } = await expose(filled(), accept);
    assert.ok(body.includes('\nbondherald_bond_active_slave{bond="a\\"b\\\\c",slave="x"} 1\n'));
  }
});

test('our own metrics alone have none that another program has too', async () => {
  const text = await exposeOwn(filled());
  assert.ok(text.includes('bondherald_frames_sent_total{'));
  for (const line of text.trimEnd().split('\n')) assert.match(line, /^(# \w+ )?bondherald_/);
});
