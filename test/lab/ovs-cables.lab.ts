import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, writeConfig } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR, type Hypervisor, type Tag } from './net/hypervisor.js';
import { bridge as bridgeTool, mustRun } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { listed } from './net/listed-guests.js';
import { OVS_BRIDGE, ovsBondIn } from './net/ovs-bond.js';
import { OpenVSwitch } from './net/ovs.js';
import { firewalled, virtualNetwork } from './net/proxmox.js';
import { Stream } from './net/stream.js';
import { words } from './net/words.js';

/*
 * Internal ports of Open vSwitch that are ports of the kernel's bridges too: Proxmox VE puts its firewall, and its VNets,
 * between a guest and the switch so.
 */

const tag = (vid: number): Tag => ({ vid, tpid: 0x8100 });

/** What was announced. The capture has everything: no filter tells two tags of one EtherType from others. */
const said = (far: Capture): string[] => words(far).filter((word) => !word.startsWith('other'));

/** Waits until each of these was said, and no more comes. @returns everything that was said */
async function untilSaid(far: Capture, all: readonly string[]): Promise<string[]> {
  const missing = (): string[] => all.filter((word) => !said(far).includes(word));
  await until(() => missing().length === 0, { what: 'everybody is announced', every: 5 }).catch((error: Error) => {
    throw new Error(`${error.message}; not said: ${missing().join(', ')}; said: ${said(far).join(', ')}`);
  });
  await far.settled();
  return said(far);
}

/** Has guests speak until the switch has learned so many rows: the daemon reads them when it starts, and seldom again. */
async function untilLearned(ovs: OpenVSwitch, bridge: string, rows: number, speak: () => void): Promise<void> {
  const isLearned = async (): Promise<boolean> => {
    speak();
    return (await ovs.appctl('fdb/show', bridge)).split('52:54:00').length - 1 === rows;
  };
  await until(isLearned, { what: `Open vSwitch has learned ${rows} rows`, every: 100 });
}

/** Has guests say with which address they are where, until the daemon lists that many places of them by a bridge. */
async function untilKnown(places: number, speak: () => void): Promise<void> {
  const known = async (): Promise<boolean> => {
    speak();
    const all = await listed();
    return all.filter(({ source, reason }) => source !== 'heard' && reason === null).length === places;
  };
  await until(known, { what: `${places} places of guests are listed`, every: 100 }).catch(async (error: Error) => {
    throw new Error(`${error.message}; listed: ${JSON.stringify(await listed())}`);
  });
}

test('guests behind firewall bridges and VNets on Open vSwitch stay in reach of a failover, and are announced with their tags', async (t) => {
  const attach = (hv: Hypervisor): void => {
    hv.unplugged({ wire: [10] });
    hv.unplugged({ wire: null }); // tags its frames itself, which the lab's client cannot reach
    hv.unplugged({ wire: [30, 100] });
    const { port } = hv.unplugged({ wire: [30, 200] });
    hv.vethPair('fwpr4', 'fwln4'); // the firewall, on a bridge that is none of the switch
    hv.bridge('fwbr4');
    hv.port('fwbr4', port);
    hv.port('fwbr4', 'fwln4');
  };
  const lab = await labFor(t, { attach, teach: false });
  const ovs = await OpenVSwitch.start(lab);
  await ovs.addBridge('vmbr0');
  await ovs.vsctl('add-port', 'vmbr0', BOND);
  await firewalled(ovs, 'vmbr0', 1, 'tag=10');
  await firewalled(ovs, 'vmbr0', 2, 'trunks=10,20');
  await virtualNetwork(ovs, 'vmbr0', 30, { tap3: 100, fwpr4: 200 });
  const [access, trunk, vnet, both] = lab.guests as [Guest, Guest, Guest, Guest];
  const places: [Guest, string, Tag[], string][] = [
    [access, '10.1.0.1', [], '[10]'],
    [trunk, '10.1.0.2', [tag(10)], '[10]'],
    [trunk, '10.2.0.2', [tag(20)], '[20]'],
    [vnet, '10.1.0.3', [], '[30 100]'],
    [both, '10.1.0.4', [], '[30 200]'],
  ];
  const speak = (): void => {
    for (const [{ netns, mac }, address, tags] of places) lab.inject(netns, 'eth0', arpFrom(mac, address, tags));
  };
  await untilLearned(ovs, 'vmbr0', places.length, speak);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  await untilKnown(places.length, speak);
  const rarps = places.map(([{ mac }, , , wire]) => `rarp ${mac} ${wire}`);
  const all = [...rarps, ...places.map(([{ mac }, address, , wire]) => `garp ${mac} ${address} ${wire}`)].sort();

  // The datapath in user space hands on packets whose checksum is left to the device.
  await mustRun(['ip', 'netns', 'exec', 'client', 'ethtool', '-K', 'eth0', 'tx', 'off']);
  const stream = await Stream.start(lab, { guests: [access, vnet, both] });
  const far = capture(lab, 'client', 'eth0', { filter: '' });
  await lab.cutLink(1);
  assert.deepEqual(await untilSaid(far, all), all);
  far.stop();
  await stream.goesOn(200);
  for (const { guest, darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, `${guest.name} is in reach`);

  await ovs.appctl('fdb/flush', 'vmbr0'); // all are silent for longer than the switches remember
  await bridgeTool(HYPERVISOR, [
    ...[access, trunk, both].map(({ mac, port }) => `fdb del ${mac} dev ${port} master`),
    ...[`fdb del ${vnet.mac} dev tap3 master vlan 100`, `fdb del ${both.mac} dev fwpr4 master vlan 200`],
  ]);
  await lab.mendLink(1);
  await lab.untilUp('up1');
  const again = capture(lab, 'sw1', 'p-hv', { filter: '' });
  await lab.setActive('up1');
  assert.deepEqual(await untilSaid(again, all), all, 'and when every switch has forgotten them');
  again.stop();
  await daemon.stop();
});

/** The lab's bond, with guests that no bridge has. */
function unplugged(hv: Hypervisor): void {
  hv.bridge('br0');
  hv.port('br0', BOND);
  hv.unplugged({ wire: [10] });
  hv.unplugged({ wire: [30, 100] });
}

/** Puts the firewall, and a VNet, in place of the guests' own ports of the switch. */
async function onProxmox(lab: Lab): ReturnType<typeof ovsBondIn> {
  const bond = await ovsBondIn(lab, []);
  for (const port of ['tap1', 'tap2']) await bond.ovs.vsctl('del-port', OVS_BRIDGE, port);
  await firewalled(bond.ovs, OVS_BRIDGE, 1, 'tag=10');
  await virtualNetwork(bond.ovs, OVS_BRIDGE, 30, { tap2: 100 });
  return bond;
}

test("the same over an OVS bond: its own RARP, then our frames by the guest's port of the switch, which keeps it there", async (t) => {
  const lab = await labFor(t, { attach: unplugged, teach: false });
  await lab.cutBetweenSwitches();
  const bond = await onProxmox(lab);
  const [access, vnet] = lab.guests as [Guest, Guest];
  const speak = (): void => {
    lab.inject(access.netns, 'eth0', arpFrom(access.mac, '10.1.0.1'));
    lab.inject(vnet.netns, 'eth0', arpFrom(vnet.mac, '10.1.0.2'));
  };
  await untilLearned(bond.ovs, OVS_BRIDGE, 2, speak);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  await untilKnown(2, speak);
  const far = capture(lab, 'sw2', 'p-hv', { filter: '' });
  const all = [
    `garp ${access.mac} 10.1.0.1 [10]`,
    `garp ${vnet.mac} 10.1.0.2 [30 100]`,
    `rarp ${access.mac} [10]`, // of Open vSwitch
    `rarp ${vnet.mac} [30 100]`,
    `rarp ${vnet.mac} [30]`, // of Open vSwitch, whose table knows of no VLAN of the guest's own
  ].sort();
  await bond.setActive('up2');
  assert.deepEqual(await untilSaid(far, all), all);
  assert.match(daemon.stderr, /failover announced.* active_slave=up2 .*by_ovs=1/);
  assert.deepEqual(await bond.learned(access.mac), [`${await bond.ofport('fwln1')} 10`]);
  assert.deepEqual(await bond.learned(vnet.mac), [`${await bond.ofport('ln_vnet1')} 30`]);
  await daemon.stop();
});
