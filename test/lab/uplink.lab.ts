import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { chatter, frame } from './net/frames.js';
import { json } from './net/ip.js';
import { labWithDaemon } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { SHAPES } from './net/shapes.js';
import type { Lab } from './net/lab.js';
import { until } from '../support/until.js';

/** Waits until a bridge of the hypervisor has learned a MAC on a port. */
async function untilLearned(bridge: string, mac: string, port: string): Promise<void> {
  const what = `${bridge} has ${mac} on ${port}`;
  await until(
    async () => {
      const rows = (await json('bridge', 'hv', 'fdb', 'show', 'br', bridge)) as { mac: string; ifname: string }[];
      return rows.some((row) => row.mac === mac && row.ifname === port);
    },
    { what },
  );
}

async function afterFailover(lab: Lab, guests: number): Promise<string[]> {
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, guests);
  await lab.setActive('up2');
  return announced(await arriving);
}

test('a guest whose MAC now arrives by the uplink lives elsewhere and is not announced', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(3) });
  const moved = lab.guest('g2');
  lab.inject('client2', 'eth0', chatter(moved.mac));
  await untilLearned('br0', moved.mac, 'bond0');
  const rest = lab.guests.filter((guest) => guest !== moved);
  assert.deepEqual(await afterFailover(lab, rest.length), expected(rest));
});

test('a guest that left a stacked bridge is not announced, though the bridge nearest to it still believes in it', async (t) => {
  const attach = SHAPES["a veth pair between two bridges, as OpenStack's hybrid plugging has it"];
  const { lab, daemon } = await labWithDaemon(t, {
    attach: (hv) => {
      attach(hv);
      hv.guest('br0', { access: 10, wire: [10] });
    },
  });
  const [moved, stays] = lab.guests;
  assert.ok(moved && stays);
  // To a guest of the outer bridge alone: a broadcast would tell the inner bridge as well.
  lab.inject('client2', 'eth0', frame(stays.mac, moved.mac, moved.wire ?? [], '88b5', ''));
  await untilLearned('br0', moved.mac, 'bond0');
  assert.deepEqual(await afterFailover(lab, 1), expected([stays]));
  const suppressed = 'bondherald_guests_suppressed_total{bond="bond0",reason="seen-on-uplink"}';
  await daemon.logs(/failover announced/);
  assert.equal(await daemon.metric(suppressed), 1);
});

test("a virtual router's MAC is not announced, since the router may be master elsewhere", async (t) => {
  const { lab } = await labWithDaemon(t);
  lab.speakOnce(lab.guest('g1'), '00:00:5e:00:01:07');
  await untilLearned('br0', '00:00:5e:00:01:07', 'tap1');
  assert.deepEqual(await afterFailover(lab, 3), expected(lab.guests));
});
