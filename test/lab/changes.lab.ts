import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { type Daemon, labWithDaemon } from './net/daemon.js';
import { BOND, type Guest } from './net/hypervisor.js';
import { bridge, ip } from './net/ip.js';

/** Waits until the daemon counts that many guests behind a bond. */
async function untilGuests(daemon: Daemon, bond: string, guests: number): Promise<void> {
  const series = `bondherald_guests{bond="${bond}",source="fdb"}`;
  await until(async () => (await daemon.metric(series)) === guests, { what: `${guests} guests behind ${bond}` });
}

test('a bridge, VLAN device and guest made while the daemon runs are announced; a guest that is gone is not', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const [gone] = lab.guests;
  assert.ok(gone);
  await ip('hv', [
    `link add link ${BOND} name ${BOND}.905 type vlan id 905`,
    'link add name br905 type bridge stp_state 0 mcast_snooping 0',
    `link set ${BOND}.905 master br905`,
    'link add tap9 type veth peer name eth9 netns g1',
    ...[`${BOND}.905`, 'br905', 'tap9'].map((device) => `link set ${device} up`),
    'link set tap9 master br905',
    'link del tap1',
  ]);
  const fresh: Guest = { ...gone, mac: '52:54:00:00:09:05', wire: [{ tpid: 0x8100, vid: 905 }] };
  await bridge('hv', [`fdb add ${fresh.mac} dev tap9 master static`]);
  await untilGuests(daemon, BOND, 3);
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, 3);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected([...lab.guests.slice(1), fresh]));
});

test('a bond made, renamed and removed while the daemon runs is announced under its new name, then forgotten', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  await ip('hv', [
    'link add bond1 type bond mode active-backup miimon 100',
    'link add up3 type veth peer name far3 netns sw1',
    'link add up4 type veth peer name far4 netns sw2',
    ...['up3', 'up4'].map((device) => `link set ${device} master bond1`),
    'link add name br1 type bridge stp_state 0 mcast_snooping 0',
    'link set bond1 master br1',
    'link add tap9 type veth peer name eth9 netns g1',
    'link set tap9 master br1',
    ...['bond1', 'br1', 'tap9', 'up3', 'up4'].map((device) => `link set ${device} up`),
    'link set bond1 down',
    'link set bond1 name uplink',
    'link set uplink up',
  ]);
  await ip('sw1', ['link set far3 up']);
  await ip('sw2', ['link set far4 up']);
  await bridge('hv', ['fdb add 52:54:00:00:09:01 dev tap9 master static']);
  await untilGuests(daemon, 'uplink', 1);
  await until(async () => (await daemon.metric('bondherald_bond_active_slave{bond="uplink",slave="up3"}')) === 1, {
    what: 'the bond sends by up3',
  });
  const far = capture(lab, 'sw2', 'far4', { filter: RARP_FILTER });
  const arriving = nextRound(far, 1);
  await ip('sw1', ['link set far3 down']);
  assert.deepEqual(announced(await arriving), ['52:54:00:00:09:01 []']);
  await ip('hv', ['link del uplink']);
  await until(async () => !(await daemon.get()).includes('bondherald_guests{bond="uplink"'), {
    what: 'the bond is forgotten',
  });
});

test('a slave added while the daemon runs takes over like any other', async (t) => {
  const { lab } = await labWithDaemon(t);
  await ip('hv', ['link add up3 type veth peer name far3 netns sw2', `link set up3 master ${BOND}`, 'link set up3 up']);
  await ip('sw2', ['link set far3 up']);
  await until(() => lab.slaveUp('up3'), { what: 'the new slave is up' });
  const far = capture(lab, 'sw2', 'far3', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await lab.setActive('up3');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
});
