import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { domainStatus, type StatusOptions } from '../support/domain-status.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon, ONE_ROUND } from './net/daemon.js';
import { arpFrom, chatter } from './net/frames.js';
import { BOND, type Guest, type Hypervisor, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { untilListed } from './net/listed-guests.js';
import { nextFailover } from './net/speaking.js';
import { Stream } from './net/stream.js';

/*
 * Guests that leave by another way than libvirt says: by a second bond, by hardware of their own, or with another MAC.
 */

const FOLDER = '/run/libvirt/qemu';

/** An empty folder, where libvirt keeps its status files. */
function libvirt(t: TestContext): (domain: StatusOptions) => void {
  const clear = (): void => rmSync('/run/libvirt', { recursive: true, force: true });
  clear();
  t.after(clear);
  mkdirSync(FOLDER, { recursive: true });
  return (domain) => {
    writeFileSync(`${FOLDER}/${domain.name}.xml.new`, domainStatus(domain));
    renameSync(`${FOLDER}/${domain.name}.xml.new`, `${FOLDER}/${domain.name}.xml`);
  };
}

const OTHER = '52:54:00:00:00:99';

/** A second bond to the same two switches, with a bridge on it, and a second interface of a guest on that: tap9. */
async function secondBond({ netns }: Guest): Promise<void> {
  await ip(HYPERVISOR, [
    'link add bond1 type bond mode active-backup miimon 100',
    'link add up3 type veth peer name p-hv3 netns sw1',
    'link add up4 type veth peer name p-hv4 netns sw2',
    'link add name br1 type bridge stp_state 0 mcast_snooping 0',
    `link add tap9 type veth peer name eth1 address ${OTHER} netns ${netns}`,
    ...['up3', 'up4'].map((device) => `link set ${device} master bond1`),
    ...['bond1', 'tap9'].map((device) => `link set ${device} master br1`),
    ...['up3', 'up4', 'bond1', 'br1', 'tap9'].map((device) => `link set ${device} up`),
  ]);
  for (const n of [3, 4]) await ip(`sw${n - 2}`, [`link set p-hv${n} master fabric`, `link set p-hv${n} up`]);
}

/** The guest bonds its interfaces, and sends by the first. */
async function bonds({ netns, ip: address }: Guest): Promise<void> {
  await ip(netns, [
    'link add team type bond mode active-backup miimon 100',
    ...['eth0', 'eth1'].flatMap((device) => [`link set ${device} down`, `link set ${device} master team`]),
    'link set team type bond active_slave eth0',
    'link set team up',
    `addr add ${address}/32 dev team`,
  ]);
}

test('a guest that bonds two interfaces over two bonds of the host is announced by the one that it uses, and stays reachable', async (t) => {
  const write = libvirt(t);
  const { lab } = await labWithDaemon(t, { attach: plainBridge(2), config: ONE_ROUND });
  const [guest, witness] = lab.guests as [Guest, Guest];
  const { name, mac, netns } = guest;
  await secondBond(guest);
  write({
    name,
    interfaces: [
      { mac, target: 'tap1' },
      { mac: OTHER, target: 'tap9' },
    ],
  });
  await bonds(guest);
  const speak = (): void => lab.inject(netns, 'team', arpFrom(mac, guest.ip));
  await untilListed({ mac, vlan: null, source: 'libvirt', reason: null }, speak);
  await ip(netns, ['link set team type bond active_slave eth1']);
  await untilListed({ mac, vlan: null, source: 'fdb', reason: null }, speak); // behind the second bond
  const stream = await Stream.start(lab, { guests: [guest] });
  assert.deepEqual(await nextFailover(lab, 1), expected([witness]));
  await stream.goesOn(40);
  for (const { darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, 'nothing pulled it to the dead end');
  await untilListed({ mac, vlan: null, source: 'libvirt', reason: 'other-bond' });

  const far = capture(lab, 'sw2', 'p-hv4', { filter: RARP_FILTER });
  await until(() => lab.learned('sw1').then((known) => known.get(mac) === 'p-hv3'), {
    what: 'the second bond sends by up3',
  });
  const arriving = nextRound(far, 2);
  await ip('sw1', ['link set p-hv3 down']);
  // Nobody took back libvirt's word on the MAC that its second interface had.
  assert.deepEqual(announced(await arriving), expected([guest, { mac: OTHER, wire: [] }]));
});

/** A guest with hardware in place of its interface, one that chose another MAC, one that did so on a macvtap; and a witness. */
function threeGuests(hv: Hypervisor): void {
  plainBridge(2)(hv);
  hv.macvlan(hv.vlan(BOND, 905), { type: 'macvtap', wire: [905] });
  hv.guest('br0');
}

/** Hardware of a guest: a way to the second switch that passes no device of the host. */
async function plugHardware(lab: Lab, { netns, mac }: Guest): Promise<void> {
  await ip('sw2', [
    `link add p-hw type veth peer name hw0 address ${mac} netns ${netns}`,
    'link set p-hw master fabric',
    'link set p-hw up',
  ]);
  await ip(netns, ['link set hw0 up']);
  const known = async (): Promise<boolean> => {
    lab.inject(netns, 'hw0', chatter(mac));
    return (await lab.learned('sw2')).get(mac) === 'p-hw';
  };
  await until(known, { what: 'the switch knows the hardware', every: 50 });
}

test('libvirt vouches for no MAC that a guest gave up, nor for one that it uses by hardware of its own as long as that is plugged', async (t) => {
  const write = libvirt(t);
  const { lab } = await labWithDaemon(t, { attach: threeGuests, config: ONE_ROUND });
  const [teamed, chose, direct, witness] = lab.guests as [Guest, Guest, Guest, Guest];
  const plugged = { mac: teamed.mac, target: 'tap1', teamed: true };
  write({ name: 'teamed', interfaces: [plugged] });
  write({ name: 'chose', interfaces: [{ mac: chose.mac, target: 'tap2' }] });
  write({ name: 'direct', interfaces: [{ mac: direct.mac, target: direct.device, type: 'direct' }] });
  await untilListed({ mac: direct.mac, vlan: 905, source: 'libvirt', reason: null });
  await plugHardware(lab, teamed);

  const chosen = { ...chose, mac: '02:00:00:00:00:07' };
  await ip(chose.netns, ['link set eth0 down', `link set eth0 address ${chosen.mac}`, 'link set eth0 up']);
  await untilListed({ mac: chosen.mac, vlan: null, source: 'fdb', reason: null }, () => lab.speakOnce(chosen));
  const followed = { ...direct, mac: '02:00:00:00:00:08' };
  await ip(HYPERVISOR, [`link set ${direct.device} address ${followed.mac}`]);
  write({ name: 'chose', interfaces: [{ mac: chose.mac, target: 'tap2', current: chosen.mac }] });
  await untilListed({ mac: chosen.mac, vlan: null, source: 'libvirt', reason: null });
  // Others use the MACs that were given up.
  const tags = direct.wire ?? [];
  const isAway = async (): Promise<boolean> => {
    lab.inject('client', 'eth0', chatter(chose.mac), arpFrom(direct.mac, '10.1.2.3', tags));
    return (await lab.learned(HYPERVISOR)).get(chose.mac) === BOND;
  };
  await until(isAway, { what: 'the bridge has the MAC on the bond', every: 50 });

  assert.deepEqual(await nextFailover(lab, 3), expected([chosen, followed, witness]));
  assert.equal((await lab.learned('sw2')).get(teamed.mac), 'p-hw');
  write({ name: 'teamed', interfaces: [{ ...plugged, teamed: false }] });
  await untilListed({ mac: teamed.mac, vlan: null, source: 'libvirt', reason: null });
  assert.deepEqual(await nextFailover(lab, 4), expected([teamed, chosen, followed, witness]));
});
