import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS } from '../../../src/config/defaults.js';
import { followLibvirt } from '../../../src/host/libvirt-watch.js';
import { OvsFollower } from '../../../src/host/ovs/follower.js';
import type { HostState } from '../../../src/guests/host-state.js';
import { readConfig } from '../../../src/config/read-config.js';
import { ovsIn } from '../../../src/host/ovs/connection.js';
import { openFolder } from '../../../src/sys/files/watch-folder.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { FakeClock } from '../../support/fake-clock.js';

const log = { info: () => undefined, warn: () => undefined, error: assert.fail };
const metrics = { count: () => undefined };

test('what libvirt has said is taken back when the configuration wants nothing of it any more', async () => {
  const told: number[] = [];
  const host = { setGuestInterfaces: (interfaces: readonly unknown[]) => void told.push(interfaces.length) };
  let changed = 0;
  const events = new Events<DaemonEvents>();
  events.on('guestsChanged', () => changed++);
  const tools = { log, metrics, events } as unknown as Parameters<typeof followLibvirt>[2];
  const folder = openFolder('/nonexistent/bondherald');
  const follower = followLibvirt(readConfig(null).config.guests, host, tools, folder, () => Promise.resolve());
  const stop = new AbortController();
  const run = follower.run(stop.signal);
  await follower.ready;
  assert.notEqual(follower.task, null);
  const before = told.length;
  await follower.configure(false);
  assert.deepEqual([follower.task, told.slice(before), changed], [null, [0], told.length]);
  await follower.configure(true);
  assert.notEqual(follower.task, null);
  stop.abort();
  await run;
});

test('without Open vSwitch in the configuration the host has none of its devices any more', async () => {
  const told: unknown[] = [];
  const host = { setOvs: (config: unknown) => void told.push(config) } as unknown as HostState;
  let refreshed = 0;
  const events = new Events<DaemonEvents>();
  events.on('hostChanged', () => refreshed++);
  const ovs = ovsIn('/nonexistent/bondherald');
  const hostKnown = (): Promise<void> => Promise.resolve();
  const tools = { clock: new FakeClock(), log, metrics, chance: () => 0, events, ovs, hostKnown };
  const follower = new OvsFollower(host, tools, DEFAULTS.guests.sources.ovs);
  const stop = new AbortController();
  const run = follower.run(stop.signal);
  await follower.configure(false);
  assert.deepEqual(told.at(-1), { bridges: [] });
  assert.ok(refreshed > 0);
  assert.deepEqual(follower.knowledge.config(), { bridges: [] });
  await follower.known();
  await follower.readTables();
  stop.abort();
  await run;
});
