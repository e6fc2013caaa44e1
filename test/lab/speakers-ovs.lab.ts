import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { expected } from './net/announced.js';
import { BONDHERALD, Daemon, ONE_ROUND, writeConfig } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';
import { untilListed } from './net/listed-guests.js';
import { OpenVSwitch, OVS_FOLDER } from './net/ovs.js';
import { nextFailover, type Station, untilHeard } from './net/speaking.js';

/*
 * Guests of Open vSwitch of which it cannot be read with which tags they leave: they are announced as they were heard.
 */

/** Open vSwitch with the kernel's bond and the guests as ports of one bridge. @param ports the columns of each guest's */
async function withOvs(lab: Lab, ports: readonly (readonly string[])[]): Promise<OpenVSwitch> {
  const ovs = await OpenVSwitch.start(lab);
  await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:vlan-limit=2');
  await ovs.addBridge('br-ex');
  await ovs.vsctl('add-port', 'br-ex', BOND);
  for (const [n, columns] of ports.entries()) await ovs.vsctl('add-port', 'br-ex', `tap${n + 1}`, ...columns);
  return ovs;
}

test('a guest behind a dot1q-tunnel port with several VLANs is announced in those that it speaks in', async (t) => {
  const lab = await labFor(t, { attach: (hv) => void hv.unplugged({ wire: null }), teach: false });
  await withOvs(lab, [['vlan_mode=dot1q-tunnel', 'tag=100', 'cvlans=5,6,7']]);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  const [guest] = lab.guests as [Guest];
  const tags = [5, 6].map((vid) => ({ vid, tpid: 0x8100 }));
  const stations = tags.map((tag): Station => ({ mac: guest.mac, wire: [{ vid: 100, tpid: 0x88a8 }, tag] }));
  const words = tags.map((tag) => arpFrom(guest.mac, '10.1.2.3', [tag]));
  const both = { mac: guest.mac, vlan: 100, source: 'heard', reason: null };
  await untilListed(both, () => lab.inject(guest.netns, guest.device, ...words), 2);
  assert.deepEqual(await nextFailover(lab, 2), expected(stations));
  await daemon.stop();
});

test('guests behind an Open vSwitch that cannot be read are announced with their tags once they have spoken', async (t) => {
  const attach = (hv: Hypervisor): void => {
    hv.unplugged({ wire: [905] });
    hv.unplugged({ wire: [] });
    hv.unplugged({ wire: [] }); // says nothing
  };
  const lab = await labFor(t, { attach, teach: false });
  const ovs = await withOvs(lab, [['tag=905'], [], []]);
  const sockets = ['db.sock', `ovs-vswitchd.${ovs.pid('ovs-vswitchd')}.ctl`];
  for (const name of sockets) renameSync(`${OVS_FOLDER}/${name}`, `${OVS_FOLDER}/hidden-${name}`);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  const [tagged, plain] = lab.guests as [Guest, Guest];
  for (const guest of [tagged, plain]) await untilHeard(lab, { mac: guest.mac, wire: guest.wire ?? [] }, guest);
  assert.deepEqual(await nextFailover(lab, 2), expected([tagged, plain]));
  await daemon.stop();
});
