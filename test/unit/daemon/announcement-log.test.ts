import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { logAnnouncements } from '../../../src/daemon/failover-log.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { asBond } from '../../../src/topology/bond-id.js';
import type { Topology } from '../../../src/topology/topology.js';
import type { LogFields } from '../../../src/sys/log.js';

const BOND = asBond(4);

function open() {
  const registry = new Registry();
  const lines: [string, LogFields][] = [];
  const line = (text: string, fields: LogFields = {}): void => void lines.push([text, fields]);
  const log = { info: line, warn: assert.fail, error: assert.fail };
  const devices = new Map<number, string>([[BOND, 'bond0']]);
  const link = (bond: number) => devices.has(bond) && { name: devices.get(bond) };
  const topology = { link } as unknown as Topology;
  const events = new Events<DaemonEvents>();
  logAnnouncements(events, { log, metrics: new Metrics(registry) }, topology);
  const values = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((text) => /^bondherald_(announcements|frame)/.test(text));
  const value = async (name: string): Promise<number> =>
    Number(
      (await registry.metrics())
        .split('\n')
        .find((text) => text.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  return { events, lines, devices, values, value };
}

const SENT = { rarp: 12, garp: 7, na: 3, mcast: 2 };

test('an announcement is counted at its end, its frames as they go, and it has one line in the log', async () => {
  const { events, lines, values, value } = open();
  events.emit('began', BOND);
  events.emit('sent', BOND, 'garp', 4, 1);
  events.emit('sent', BOND, 'garp', 3, 1);
  events.emit('firstRoundOut', BOND, 0.25);
  events.emit('refused', BOND, 'na', 'ENOBUFS', 2);
  events.emit('ended', BOND, { result: 'refused', sent: SENT, refused: 2, seconds: 33.349 });
  assert.deepEqual(await values(), [
    'bondherald_announcements_total{bond="bond0",result="refused"} 1',
    'bondherald_frames_sent_total{bond="bond0",kind="garp"} 7',
    'bondherald_frame_errors_total{bond="bond0",kind="na",code="ENOBUFS"} 2',
  ]);
  assert.equal(await value('bondherald_announcement_last_frame_seconds_sum{bond="bond0"}'), 0.25);
  assert.deepEqual(lines, [
    ['announcement finished', { bond: 'bond0', result: 'refused', ...SENT, refused: 2, seconds: 33.3 }],
  ]);
});

test('a bond that is deleted meanwhile keeps its name to the end', async () => {
  const { events, lines, devices, values } = open();
  events.emit('began', BOND);
  devices.clear();
  events.emit('sent', BOND, 'rarp', 1, 1);
  events.emit('ended', BOND, { result: 'bond-gone', sent: SENT, refused: 0, seconds: 1 });
  assert.ok((await values()).every((text) => text.includes('bond="bond0"')));
  assert.equal(lines[0]?.[1].bond, 'bond0');
});

test('one that is held back is counted; its line in the log came with the failover', async () => {
  const { events, lines, values } = open();
  events.emit('ended', BOND, { result: 'damped', sent: SENT, refused: 0, seconds: 0 });
  assert.deepEqual(await values(), ['bondherald_announcements_total{bond="bond0",result="damped"} 1']);
  assert.deepEqual(lines, []);
});
