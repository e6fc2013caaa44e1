import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected } from '../net/announced.js';
import { BOND, type Hypervisor, HYPERVISOR, type Tag } from '../net/hypervisor.js';
import { bridge } from '../net/ip.js';
import { nextFailover } from '../net/speaking.js';
import { nic } from './domain.js';
import type { Libvirt } from './libvirtd.js';
import { sceneFor, untilTold } from './scene.js';

const vlan = (vid: number): readonly Tag[] => [{ vid, tpid: 0x8100 }];
const TEN = { mac: '52:54:00:aa:02:10', wire: vlan(10) };
const TWENTY = { mac: '52:54:00:aa:02:20', wire: vlan(20) };
const DIRECT = { mac: '52:54:00:aa:02:30', wire: vlan(30) };

/** A bridge on each of two VLANs of the bond, one of them with the witness, and a third VLAN for macvtaps. */
function bridgesOnVlans(hv: Hypervisor): void {
  for (const vid of [10, 20]) hv.port(hv.bridge(`br${vid}`), hv.vlan(BOND, vid));
  hv.guest('br10', { wire: [10] });
  hv.vlan(BOND, 30);
}

test('a guest is announced in the VLANs of its bridges, and on a macvtap in that of the device under it', async (t) => {
  const { lab, libvirt } = await sceneFor(t, bridgesOnVlans);
  const nics = [nic(TEN.mac, { bridge: 'br10' }), nic(TWENTY.mac, { bridge: 'br20' })];
  await libvirt.create({ name: 'two', nics: [...nics, nic(DIRECT.mac, { direct: `${BOND}.30` })] });
  const [ten, twenty, direct] = [TEN, TWENTY, DIRECT].map(
    ({ mac, wire }) => `two ${mac} ${String(wire[0]?.vid)} libvirt`,
  ) as [string, string, string];
  await untilTold(ten, twenty, direct);
  assert.deepEqual(await nextFailover(lab, 4), expected([TEN, TWENTY, DIRECT, ...lab.guests]));
  // A macvtap has carrier whatever libvirt does with the guest's cable.
  await libvirt.virsh('domif-setlink', 'two', DIRECT.mac, 'down');
  await untilTold(ten, twenty);
  await libvirt.virsh('domif-setlink', 'two', DIRECT.mac, 'up');
  await untilTold(ten, twenty, direct);
  await libvirt.virsh('suspend', 'two');
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
});

const ACCESS = { mac: '52:54:00:aa:03:30', wire: vlan(30) };
const NATIVE = { mac: '52:54:00:aa:03:31', wire: vlan(31) };
const TAGGED = { mac: '52:54:00:aa:03:33', wire: vlan(33) };

/** The VLANs of these three, as libvirt takes them for a port of a Linux bridge since 11.0. */
const VLANS: Readonly<Record<string, string>> = {
  [ACCESS.mac]: `<vlan><tag id='30'/></vlan>`,
  [NATIVE.mac]: `<vlan trunk='yes'><tag id='31' nativeMode='untagged'/><tag id='32'/></vlan>`,
  [TAGGED.mac]: `<vlan trunk='yes'><tag id='33'/><tag id='34'/></vlan>`,
};

/** The same by hand. */
const BY_HAND = [['vid 30 pvid untagged'], ['vid 31 pvid untagged', 'vid 32'], ['vid 33', 'vid 34']] as const;

async function setVlans(libvirt: Libvirt, name: string): Promise<void> {
  for (const [n, vids] of BY_HAND.entries()) {
    const device = await libvirt.device(name, n);
    await bridge(HYPERVISOR, [`vlan del dev ${device} vid 1`, ...vids.map((vid) => `vlan add dev ${device} ${vid}`)]);
  }
}

/** The bond carries these VLANs, and untagged frames of the witness. */
function vlanAware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [30, 31, 32, 33, 34] });
  hv.guest('br0', { wire: [] });
}

test('on a bridge that knows VLANs a guest is announced in that of its port, on a trunk in the native one', async (t) => {
  const { lab, libvirt } = await sceneFor(t, vlanAware);
  const sets = (await libvirt.version()) >= 11;
  const nics = [ACCESS, NATIVE, TAGGED].map(({ mac }) => nic(mac, { inside: sets ? (VLANS[mac] ?? '') : '' }));
  await libvirt.create({ name: 'trunk', nics });
  if (!sets) await setVlans(libvirt, 'trunk');
  await untilTold(`trunk ${ACCESS.mac} 30 libvirt`, `trunk ${NATIVE.mac} 31 libvirt`);
  assert.deepEqual(await nextFailover(lab, 3), expected([ACCESS, NATIVE, ...lab.guests]));
});

/** A bridge with portgroups, one whose table libvirt keeps, and a VLAN device for macvtaps. */
const NETWORKS = {
  groups: `<forward mode='bridge'/><bridge name='br0'/>
    <portgroup name='access'>${VLANS[ACCESS.mac]}</portgroup><portgroup name='trunk'>${VLANS[NATIVE.mac]}</portgroup>`,
  table: `<forward mode='bridge'/><bridge name='br0' macTableManager='libvirt'/>`,
  macvtaps: `<forward mode='bridge'><interface dev='${BOND}.905'/></forward>`,
};

const TABLE = { mac: '52:54:00:aa:03:40', wire: [] };
const BY_NETWORK = { mac: '52:54:00:aa:03:50', wire: vlan(905) };

test('a network of libvirt tells where its guests are, by portgroup, with a table of its own, and as a macvtap', async (t) => {
  const { lab, libvirt } = await sceneFor(t, (hv) => {
    vlanAware(hv);
    hv.vlan(BOND, 905);
  });
  const sets = (await libvirt.version()) >= 11;
  for (const [name, xml] of Object.entries(NETWORKS)) {
    if (sets || name !== 'groups') await libvirt.network(`<network><name>${name}</name>${xml}</network>`);
  }
  const grouped = sets ? [ACCESS, NATIVE] : [];
  const nics = grouped.map(({ mac }, n) => nic(mac, { network: `groups' portgroup='${['access', 'trunk'][n] ?? ''}` }));
  const others = [nic(TABLE.mac, { network: 'table' }), nic(BY_NETWORK.mac, { network: 'macvtaps' })];
  await libvirt.create({ name: 'member', nics: [...nics, ...others] });
  const stations = [...grouped, TABLE, BY_NETWORK];
  await untilTold(...stations.map(({ mac, wire }) => `member ${mac} ${wire[0]?.vid ?? '-'} libvirt`));
  assert.deepEqual(await nextFailover(lab, stations.length + 1), expected([...stations, ...lab.guests]));
});
