import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected } from './net/announced.js';
import { labWithDaemon } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR, type Hypervisor, plainBridge } from './net/hypervisor.js';
import { bridge, ip } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { announcedOn, open, untilListed } from './net/listed.js';
import { assertOutage } from './net/outage.js';

const portsOf = (guests: readonly Guest[]): string[] => guests.flatMap(({ port }) => port ?? []);

/** What a network service does to set up a bridge again: it is made anew, and gets its ports back. */
function rebuild(ports: readonly string[], options = ''): string[] {
  return [
    'link set br0 down',
    'link del br0',
    `link add name br0 type bridge stp_state 0 mcast_snooping 0${options}`,
    ...ports.map((port) => `link set ${port} master br0`),
    'link set br0 up',
  ];
}

/** A guest that is learned after all that was done before, so that who lists it has heard of that. */
async function newcomer(port: string, n: number, vlan = ''): Promise<Guest> {
  const mac = `52:54:00:00:0a:0${n}`;
  await bridge(HYPERVISOR, [`fdb add ${mac} dev ${port} master static${vlan}`]);
  return { mac, wire: [] } as unknown as Guest;
}

/** Asserts that a failover announces these guests, and that those of the lab can be reached after it. */
async function announcesAll(lab: Lab, slave: 'up1' | 'up2', guests: readonly Guest[]): Promise<void> {
  await assertOutage(lab, { limit: 300 }, async () => {
    assert.deepEqual(await announcedOn(lab, slave, guests.length), expected(guests));
  });
}

test('silent guests are announced after their ports have left the bridge and are back', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(2) });
  const ports = portsOf(lab.guests);
  await ip(
    HYPERVISOR,
    ports.map((port) => `link set ${port} nomaster`),
  );
  await untilListed();
  await ip(
    HYPERVISOR,
    ports.map((port) => `link set ${port} master br0`),
  );
  await untilListed(...lab.guests.map(open));
  await announcesAll(lab, 'up2', lab.guests);

  const outAndIn = ports.flatMap((port) => [`link set ${port} nomaster`, `link set ${port} master br0`]);
  await ip(HYPERVISOR, [...outAndIn, `link set ${BOND} nomaster`, `link set ${BOND} master br0`]);
  const guests = [...lab.guests, await newcomer('tap1', 1)];
  await untilListed(...guests.map(open));
  assert.deepEqual(await announcedOn(lab, 'up1', guests.length), expected(guests), 'in one batch');
});

test('silent guests are announced after their bridge was made anew, and one that had migrated before is not', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(3) });
  const [moved, ...stay] = lab.guests;
  assert.ok(moved);
  const elsewhere = `${moved.mac} null seen-on-uplink`;
  lab.inject('client2', 'eth0', chatter(moved.mac));
  await untilListed(elsewhere, ...stay.map(open));

  const [down = '', gone = '', ...back] = rebuild([BOND, ...portsOf(lab.guests)]);
  await ip(HYPERVISOR, [down, gone, ...back]);
  const guests = [...stay, await newcomer('tap2', 1)];
  await untilListed(elsewhere, ...guests.map(open));
  assert.deepEqual(await announcedOn(lab, 'up2', guests.length), expected(guests), 'at once');

  await ip(HYPERVISOR, [down, gone]);
  await untilListed();
  await ip(HYPERVISOR, back);
  await untilListed(elsewhere, ...guests.map(open));
  assert.deepEqual(await announcedOn(lab, 'up1', guests.length), expected(guests), 'after a while');
});

test('in a bridge with VLANs that is made anew, silent guests are announced in the VLANs that they had', async (t) => {
  const attach = (hv: Hypervisor): void => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [10] });
    hv.guest('br0', { access: 10, wire: [10] });
    hv.guest('br0', { wire: [] });
  };
  const { lab } = await labWithDaemon(t, { attach });
  await ip(HYPERVISOR, rebuild([BOND, 'tap1', 'tap2'], ' vlan_filtering 1'));
  await bridge(HYPERVISOR, [
    `vlan add dev ${BOND} vid 10`,
    'vlan del dev tap1 vid 1',
    'vlan add dev tap1 vid 10 pvid untagged',
  ]);
  const guests = [...lab.guests, await newcomer('tap2', 1, ' vlan 1')];
  await untilListed(...guests.map(open));
  await announcesAll(lab, 'up2', guests);
});

test('a guest whose port was in a bridge without a bond meanwhile is forgotten', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(2) });
  await ip(HYPERVISOR, [
    'link add name br9 type bridge stp_state 0 mcast_snooping 0',
    'link set br9 up',
    'link set tap1 master br9',
    'link set tap1 nomaster',
    'link set tap1 master br0',
  ]);
  const guests = [...lab.guests.slice(1), await newcomer('tap2', 1)];
  await untilListed(...guests.map(open));
  assert.deepEqual(await announcedOn(lab, 'up2', guests.length), expected(guests));
});
