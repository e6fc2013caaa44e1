import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { type Capture, capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';
import { json } from './net/ip.js';
import { assertOutage } from './net/outage.js';

const ARP_INTERVAL_MS = 100;
const OPTIONS = {
  bond: { arp_interval: ARP_INTERVAL_MS, arp_ip_target: '10.78.0.1', arp_validate: 'all' },
  gateway: { behind: 2, hostDevice: 'br0' },
} as const;

/** A slave is given up after two intervals without an answer and taken over in the next (bonding.rst, arp_interval). */
const LIMIT_MS = 4 * ARP_INTERVAL_MS + 50;

/** How long the target stays away. */
const AWAY_MS = 10_000;

test('a silent guest is reachable again when the network fails behind its switch and only ARP monitoring sees it', async (t) => {
  const { lab } = await labWithDaemon(t, OPTIONS);
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutBetweenSwitches();
    await lab.untilActive('up2');
  });
});

test('while the ARP target is away nothing is sent, however often the bond tries its slaves; then all are announced', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, OPTIONS);
  const links = ['up1', 'up2'].map((link) => capture(lab, 'hv', link, { filter: RARP_FILTER }));
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  await lab.cutGateway();
  await lab.untilActive(null);
  const failovers = await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}');
  const before = await sentBy(links);
  await sleep(AWAY_MS); // the time is what is tested: no event ends it
  assert.equal(await sentBy(links), before, 'no frame while no target answers');
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), failovers);
  const [{ address: mac }] = (await json('ip', 'hv', 'link', 'show', 'br0')) as [{ address: string }];
  const stations = [...lab.guests, { mac, wire: [] }]; // the host has an address on its bridge
  const arriving = nextRound(far, stations.length);
  await lab.mendGateway();
  assert.deepEqual(announced(await arriving), expected(stations));
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), (failovers ?? 0) + 1);
});

async function sentBy(links: readonly Capture[]): Promise<number> {
  await Promise.all(links.map((link) => link.settled()));
  return links.reduce((sum, { frames }) => sum + frames.length, 0);
}
