import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { AnnouncementLog } from '../../../src/daemon/announcement-log.js';
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
  const listener = new AnnouncementLog({ log, metrics: new Metrics(registry) }, topology);
  const values = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((text) => /^bondherald_(announcements|frame)/.test(text));
  const value = async (name: string): Promise<number> =>
    Number(
      (await registry.metrics())
        .split('\n')
        .find((text) => text.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  return { listener, lines, devices, values, value };
}

const SENT = { rarp: 12, garp: 7, na: 3 };

test('an announcement is counted at its end, its frames as they go, and it has one line in the log', async () => {
  const { listener, lines, values, value } = open();
  listener.began(BOND);
  listener.sent(BOND, 'garp', 4);
  listener.sent(BOND, 'garp', 3);
  listener.firstRoundOut(BOND, 0.25);
  listener.refused(BOND, 'na', 'ENOBUFS', 2);
  listener.ended(BOND, { result: 'refused', sent: SENT, refused: 2, seconds: 33.349 });
  assert.deepEqual(await values(), [
    'bondherald_announcements_total{bond="bond0",result="refused"} 1',
    'bondherald_frames_sent_total{bond="bond0",kind="garp"} 7',
    'bondherald_frame_errors_total{bond="bond0",kind="na",code="ENOBUFS"} 2',
  ]);
  assert.equal(await value('bondherald_announcement_last_frame_seconds_sum{bond="bond0"}'), 0.25);
  assert.deepEqual(lines, [
    ['announcement over', { bond: 'bond0', result: 'refused', ...SENT, refused: 2, seconds: 33.3 }],
  ]);
});

test('a bond that is deleted meanwhile keeps its name to the end', async () => {
  const { listener, lines, devices, values } = open();
  listener.began(BOND);
  devices.clear();
  listener.sent(BOND, 'rarp', 1);
  listener.ended(BOND, { result: 'bond-gone', sent: SENT, refused: 0, seconds: 1 });
  assert.ok((await values()).every((text) => text.includes('bond="bond0"')));
  assert.equal(lines[0]?.[1].bond, 'bond0');
});

test('one that is held back is counted; its line in the log came with the failover', async () => {
  const { listener, lines, values } = open();
  listener.ended(BOND, { result: 'damped', sent: SENT, refused: 0, seconds: 0 });
  assert.deepEqual(await values(), ['bondherald_announcements_total{bond="bond0",result="damped"} 1']);
  assert.deepEqual(lines, []);
});
