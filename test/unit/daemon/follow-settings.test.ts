import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AT_RESTART } from '../../../src/config/changes.js';
import { DEFAULTS } from '../../../src/config/defaults.js';
import { pathText } from '../../../src/config/problems.js';
import { readConfig } from '../../../src/config/read-config.js';
import { type FollowingParts, followSettings } from '../../../src/daemon/connect.js';
import { Settings } from '../../../src/daemon/settings.js';

/** Another value for each key. */
const OTHERS: Readonly<Record<string, string>> = {
  bonds: '[bond7]',
  'announce.kinds': '[na]',
  'announce.garp': 'reply',
  'announce.schedule': '[0s]',
  'announce.refresh': '200s',
  'announce.jitter': '0.5',
  'announce.damping.within': '60s',
  'announce.damping.holdOff': '5s',
  'failover.onCarrierLoss': 'true',
  'guests.sources.fdb': 'false',
  'guests.sources.neighbour': 'false',
  'guests.sources.hostAddresses': 'false',
  'guests.sources.snoop': 'false',
  'guests.sources.libvirt': 'false',
  'guests.sources.proxmox': 'false',
  'guests.sources.ovs': 'false',
  'guests.remember': '1h',
  'guests.heardFor': '2h',
  'guests.exclude.macs': '["02:bf/16"]',
  'guests.exclude.vlans': '[7]',
  'guests.exclude.ports': '[tap*]',
  'guests.virtualRouterMacs': 'true',
  'guests.static': '[{mac: "52:54:00:00:00:01", bond: bond0}]',
  'standby.watch': 'false',
  'metrics.listen': '"off"',
  'paths.ovs': '[/x]',
  'paths.libvirt': '[/x]',
  'metrics.webConfig': '/x.yaml',
  'metrics.page': 'authenticated, webConfig: /x.yaml',
  'metrics.names': '[hv1]',
  'metrics.textfile': '/x.prom',
};

/** What else the file has, before and after, where a key needs it. */
const ALONG: Readonly<Record<string, string>> = { 'metrics.page': 'metrics: {webConfig: /x.yaml}' };

function keysOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [pathText(path)];
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, [...path, key]));
}

/** Who follows when these keys have other values, each below another key of the file. */
async function followersOf(...keys: string[]): Promise<string[]> {
  const called: string[] = [];
  const part = (name: string) => ({ configure: () => (called.push(name), Promise.resolve()) });
  const names = ['host', 'announcer', 'announcements', 'refreshes', 'ovsBondWatch', 'history'] as const;
  const tasks = ['snooper', 'libvirt', 'proxmox', 'ovs', 'endpoint', 'textfile'] as const;
  const parts = Object.fromEntries([...names, ...tasks].map((name) => [name, part(name)]));
  const settings = new Settings(
    readConfig({ name: 'F', bytes: Buffer.from(keys.map((key) => ALONG[key] ?? '').join('\n')) }),
  );
  followSettings(settings, { ...parts, refresh: () => called.push('refresh') } as unknown as FollowingParts);
  const text = keys.map((key) =>
    key.split('.').reduceRight((inner, step) => `{${step}: ${inner}}`, OTHERS[key] ?? '9'),
  );
  const { changes, failures } = settings.change(
    readConfig({ name: 'F', bytes: Buffer.from(text.join('\n').replaceAll(/^\{|\}$/gm, '')) }),
  );
  assert.deepEqual([changes.length, await failures], [keys.length, []], text.join());
  return called;
}

test('every key of the file has a part that follows it, or takes a restart', async () => {
  const later = AT_RESTART.map((path) => pathText(path));
  for (const key of keysOf(DEFAULTS).filter((each) => !later.includes(each)))
    assert.notDeepEqual(await followersOf(key), [], key);
});

test('each key is followed by those whose it is', async () => {
  assert.deepEqual(await followersOf('guests.exclude.vlans'), ['host', 'refresh']);
  assert.deepEqual(await followersOf('bonds'), ['host', 'refresh']);
  assert.deepEqual(await followersOf('guests.sources.snoop'), ['host', 'refresh', 'snooper']);
  const announcing = ['announcer', 'ovsBondWatch', 'announcements', 'refreshes', 'history'];
  for (const keys of [
    ['announce.rate.arp.burst'],
    ['failover.onCarrierLoss'],
    ['announce.jitter', 'failover.onCarrierLoss'],
  ])
    assert.deepEqual(await followersOf(...keys), announcing, keys.join());
  for (const key of ['metrics.listen', 'metrics.webConfig', 'metrics.page', 'metrics.names'])
    assert.deepEqual(await followersOf(key), ['endpoint'], key);
  assert.deepEqual(await followersOf('metrics.textfile'), ['textfile']);
});
