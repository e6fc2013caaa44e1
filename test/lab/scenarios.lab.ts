import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { GATEWAY_IP } from './net/build.js';
import { capture } from './net/capture.js';
import { chatter } from './net/frames.js';
import { labFor, type Lab } from './net/lab.js';
import { Stream } from './net/stream.js';

const ARP_MONITORED = {
  bond: { arp_interval: 50, arp_ip_target: GATEWAY_IP, arp_validate: 'all' },
  gateway: { behind: 2, hostDevice: 'br0' },
} as const;

test('the lab can move the address of a bond with the active slave, as fail_over_mac=active does', async (t) => {
  const lab = await labFor(t, { bond: { miimon: 100, fail_over_mac: 'active' } });
  const before = await lab.macOf('bond0');
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await until(async () => (await lab.macOf('bond0')) !== before, { what: 'the bond has the other address' });
});

test('the lab can take an ARP-monitored bond its target, and give it back', async (t) => {
  const lab = await labFor(t, ARP_MONITORED);
  await lab.cutGateway();
  await lab.untilActive(null);
  await lab.mendGateway();
  await until(() => lab.activeSlave(), { what: 'the bond sends again' });
});

test('the lab can have a guest be learned on the uplink, as after a migration', async (t) => {
  const lab = await labFor(t);
  const { mac } = lab.guest('g1');
  assert.equal((await lab.learned('hv')).get(mac), 'tap1');
  lab.inject('client', 'eth0', chatter(mac));
  await learnedAt(lab, mac, 'bond0');
});

test('the lab can reflect a broadcast into the bond when its active slave changes on the way', async (t) => {
  const lab = await labFor(t, { latencyMs: 300 });
  const { mac } = lab.guest('g1');
  const near = capture(lab, 'sw1', 'p-hv', { filter: `ether src ${mac}` });
  lab.speakOnce(lab.guest('g1'));
  // On a busy machine the kernel may put a frame off: only one that has left by the old link can come back by the new.
  await near.waitFor(() => true);
  lab.setActiveNow('up2');
  await learnedAt(lab, mac, 'bond0');
});

test('the lab can put 1,000 addresses behind one port', async (t) => {
  const lab = await labFor(t);
  const macs = Array.from({ length: 1000 }, (_, n) => `52:54:01:00:${hex(n >> 8)}:${hex(n & 0xff)}`);
  lab.speakOnce(lab.guest('g1'), ...macs);
  const known = await lab.learned('hv');
  assert.equal(macs.filter((mac) => known.get(mac) === 'tap1').length, 1000);
});

test('the lab can have switches that learn per VLAN, and a guest is reached in its own', async (t) => {
  const lab = await labFor(t, {
    switchVlans: [905],
    attach: (hv) => {
      hv.bridge('br905');
      hv.port('br905', hv.vlan('bond0', 905));
      hv.guest('br905', { wire: [905] });
    },
  });
  const stream = await Stream.start(lab);
  await stream.goesOn(20);
  for (const { longestOutage } of await stream.stop()) assert.equal(longestOutage, 0);
});

function learnedAt(lab: Lab, mac: string, port: string): Promise<boolean> {
  const look = async (): Promise<boolean> => (await lab.learned('hv')).get(mac) === port;
  return until(look, { what: `${mac} is learned on ${port}`, every: 30 });
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
