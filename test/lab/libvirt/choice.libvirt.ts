import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { expected } from '../net/announced.js';
import { SCRATCH } from '../net/daemon.js';
import { BOND, type Hypervisor, plainBridge } from '../net/hypervisor.js';
import { nextFailover } from '../net/speaking.js';
import { NESTED_GUEST } from '../world/nested-guest.js';
import { Console } from './console.js';
import { nic } from './domain.js';
import { STATUS_FOLDER } from './libvirtd.js';
import { buildScene, untilTold } from './scene.js';

/** A plain bridge with the witness, and a VLAN for a macvtap. */
function bridgeAndVlan(hv: Hypervisor): void {
  plainBridge(1)(hv);
  hv.vlan(BOND, 905);
}

const TAP = '52:54:00:aa:04:01';
const MACVTAP = '52:54:00:aa:04:02';
const CHOSEN = { mac: '02:00:00:00:00:07', wire: [] };
const FOLLOWED = { mac: '02:00:00:00:00:08', wire: [{ vid: 905, tpid: 0x8100 }] };

test('a MAC that a guest chose is told at once on a macvtap, and on a tap when libvirt writes its file again', async (t) => {
  const { lab, libvirt } = await buildScene(bridgeAndVlan);
  t.after(() => lab.destroy());
  const line = `${SCRATCH}/console`;
  const trust = { attributes: ` trustGuestRxFilters='yes'` };
  await libvirt.create({
    name: 'chooser',
    nics: [nic(TAP, trust), nic(MACVTAP, { ...trust, direct: `${BOND}.905` })],
    linux: NESTED_GUEST,
    memory: 128,
    devices: `<serial type='unix'><source mode='bind' path='${line}'/><target port='0'/></serial>`,
  });
  await untilTold(`chooser ${TAP} - libvirt`, `chooser ${MACVTAP} 905 libvirt`);
  const shell = await Console.open(line);
  t.after(() => shell.close());
  for (const [device, { mac }] of [
    ['eth0', CHOSEN],
    ['eth1', FOLLOWED],
  ] as const) {
    await shell.run(`ip link set ${device} down; ip link set ${device} address ${mac}; ip link set ${device} up`);
  }
  await untilTold(`chooser ${TAP} - libvirt`, `chooser ${FOLLOWED.mac} 905 libvirt`);
  assert.doesNotMatch(readFileSync(`${STATUS_FOLDER}/chooser.xml`, 'utf8'), /currentAddress/, 'not told yet');
  await libvirt.virsh('suspend', 'chooser');
  await libvirt.virsh('resume', 'chooser');
  // libvirt 9.0 never notes what the guest chose; there the bridge alone may know that one, if the guest has spoken.
  const notes = (await libvirt.version()) >= 11;
  const tap = notes ? CHOSEN : { ...CHOSEN, mac: TAP };
  await untilTold(`chooser ${tap.mac} - libvirt`, `chooser ${FOLLOWED.mac} 905 libvirt`);
  const announced = (await nextFailover(lab, 3)).filter((each) => notes || !each.startsWith(CHOSEN.mac));
  assert.deepEqual(announced, expected([tap, FOLLOWED, ...lab.guests]));

  await libvirt.plug('detach', 'chooser', nic(TAP)); // the guest agrees
  await untilTold(`chooser ${FOLLOWED.mac} 905 libvirt`);
  assert.deepEqual(await nextFailover(lab, 2), expected([FOLLOWED, ...lab.guests]));
});
