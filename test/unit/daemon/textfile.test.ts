import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { Textfile } from '../../../src/daemon/textfile.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import type { LogFields } from '../../../src/sys/log.js';
import { sharedFileAt } from '../../../src/sys/files/replaced-files.js';
import { FakeClock } from '../../support/fake-clock.js';
import { until } from '../../support/until.js';

function start(t: TestContext, folder = mkdtempSync(path.join(tmpdir(), 'textfile-'))) {
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'bondherald.prom');
  const [clock, registry] = [new FakeClock(), new Registry()];
  const metrics = new Metrics(registry).withDefaults('1.2.3');
  const lines: string[] = [];
  const line = (text: string, fields: LogFields = {}): void => void lines.push(`${text}: ${String(fields.reason)}`);
  const log = { info: line, warn: line, error: line };
  let refreshed = 0;
  const task = new Textfile(sharedFileAt(file), registry, () => void refreshed++, { clock, log });
  const failover = (): void => {
    metrics.count('bondherald_bond_failovers_total', { bond: 'bond0' });
    task.failover();
  };
  const stop = new AbortController();
  const run = task.run(stop.signal);
  t.after(() => (stop.abort(), run));
  const text = (): string => readFileSync(file, 'utf8');
  return { folder, file, clock, metrics, failover, lines, task, stop, run, text, refreshed: () => refreshed };
}

const has = (text: () => string, line: string) => until(() => text().includes(`\n${line}\n`), { what: line });
const count = (failovers: number): string => `bondherald_bond_failovers_total{bond="bond0"} ${failovers}`;

test('the file is there once the task is ready, for everyone to read, and with our own metrics alone', async (t) => {
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const { folder, file, text, task } = start(t);
  await task.ready;
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(folder), ['bondherald.prom']);
  assert.match(text(), /^bondherald_build_info\{version="1\.2\.3"\} 1$/m);
  assert.doesNotMatch(text(), /^(process|nodejs)_/m);
});

test('it is written again every 15 s, and within a second of a failover', async (t) => {
  const { clock, metrics, failover, text, task, refreshed } = start(t);
  await task.ready;
  failover();
  assert.ok(!text().includes(count(1)));
  clock.advance(1);
  await has(text, count(1));
  metrics.count('bondherald_frames_sent_total', { bond: 'bond0', kind: 'rarp' }, 7);
  clock.advance(13);
  assert.equal(refreshed(), 2);
  clock.advance(1);
  await has(text, 'bondherald_frames_sent_total{bond="bond0",kind="rarp"} 7');
  assert.equal(refreshed(), 3);
});

test('many failovers at once are one write', async (t) => {
  const { clock, failover, text, task, refreshed } = start(t);
  await task.ready;
  for (let n = 0; n < 100; n++) failover();
  clock.advance(1);
  await has(text, count(100));
  assert.equal(refreshed(), 2);
});

test('it goes with the daemon, with what a crash has left beside it', async (t) => {
  const { folder, task, stop, run } = start(t);
  await task.ready;
  writeFileSync(path.join(folder, '.bondherald.prom.new'), 'half a li');
  stop.abort();
  await run;
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder that is not there is one line, and so is that it came', async (t) => {
  const { folder, file, clock, lines, task } = start(t, path.join(tmpdir(), `textfile-${process.pid}`, 'later'));
  await task.ready;
  clock.advance(60);
  mkdirSync(folder, { recursive: true });
  await until(() => (clock.advance(15), existsSync(file)), { what: 'the file' });
  await until(() => lines.length === 2, { what: 'both lines' });
  assert.match(lines[0] ?? '', /^cannot write the metrics textfile: writing .*bondherald\.prom: open: ENOENT$/);
  assert.match(lines[1] ?? '', /works again/);
});
