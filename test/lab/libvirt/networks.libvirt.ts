import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected } from '../net/announced.js';
import { BOND, type Hypervisor, HYPERVISOR, type Tag } from '../net/hypervisor.js';
import { bridge } from '../net/ip.js';
import { nextFailover } from '../net/speaking.js';
import { nic } from './domain.js';
import type { Libvirt } from './libvirtd.js';
import { buildScene, untilTold } from './scene.js';

/** A bridge that knows VLANs, with the witness; another one on a VLAN device, and a VLAN device for macvtaps. */
function bridges(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [30, 31, 32, 33, 34] });
  hv.guest('br0', { wire: [] });
  hv.port(hv.bridge('br20'), hv.vlan(BOND, 20));
  hv.vlan(BOND, 905);
}

/** An interface of the guest: its last octet, its VLAN on the wire (null for none), and where it is. */
interface Interface {
  readonly octet: number;
  readonly vid: number | null;
  readonly nic: (mac: string) => string;
}

const macOf = ({ octet }: Interface): string => `52:54:00:aa:02:${octet}`;
const wireOf = ({ vid }: Interface): readonly Tag[] => (vid === null ? [] : [{ vid, tpid: 0x8100 }]);

const ACCESS = `<vlan><tag id='30'/></vlan>`;
const NATIVE = `<vlan trunk='yes'><tag id='31' nativeMode='untagged'/><tag id='32'/></vlan>`;
const TAGGED = `<vlan trunk='yes'><tag id='33'/><tag id='34'/></vlan>`;

/** Whose row in the bridge's table libvirt keeps. */
const TABLE: Interface = { octet: 23, vid: null, nic: (mac) => nic(mac, { network: 'table' }) };

/** On any libvirt. */
const ANY: readonly Interface[] = [
  { octet: 10, vid: null, nic: (mac) => nic(mac) },
  { octet: 20, vid: 20, nic: (mac) => nic(mac, { bridge: 'br20' }) },
  { octet: 21, vid: 905, nic: (mac) => nic(mac, { direct: `${BOND}.905` }) },
  { octet: 22, vid: 905, nic: (mac) => nic(mac, { network: 'macvtaps' }) },
  TABLE,
];

/** With VLANs that libvirt sets on the ports of a Linux bridge, since 11.0. */
const SET: readonly Interface[] = [
  { octet: 30, vid: 30, nic: (mac) => nic(mac, { inside: ACCESS }) },
  { octet: 31, vid: 31, nic: (mac) => nic(mac, { network: `groups' portgroup='trunk` }) },
];

/** With the same VLANs, which somebody else sets. */
const BY_HAND: readonly Interface[] = SET.map((each) => ({ ...each, nic: (mac) => nic(mac) }));
const BY_HAND_VLANS = [['30 pvid untagged'], ['31 pvid untagged', '32']];

const NETWORKS = {
  macvtaps: `<forward mode='bridge'><interface dev='${BOND}.905'/></forward>`,
  table: `<forward mode='bridge'/><bridge name='br0' macTableManager='libvirt'/>`,
};
const GROUPS = `<forward mode='bridge'/><bridge name='br0'/><portgroup name='trunk'>${NATIVE}</portgroup>`;

async function setVlans(libvirt: Libvirt, first: number): Promise<void> {
  for (const [n, vlans] of BY_HAND_VLANS.entries()) {
    const device = await libvirt.device('all', first + n);
    await bridge(HYPERVISOR, [
      `vlan del dev ${device} vid 1`,
      ...vlans.map((each) => `vlan add dev ${device} vid ${each}`),
    ]);
  }
}

test('a guest is announced where libvirt has put it: bridges, VLANs, trunks, macvtaps, networks', async (t) => {
  const { lab, libvirt } = await buildScene(bridges);
  t.after(() => lab.destroy());
  const sets = (await libvirt.version()) >= 11;
  const networks = Object.entries(sets ? { ...NETWORKS, groups: GROUPS } : NETWORKS);
  for (const [name, xml] of networks) await libvirt.network(`<network><name>${name}</name>${xml}</network>`);
  const all = [...ANY, ...(sets ? SET : BY_HAND)];
  // A guest that tags all that it sends is in no VLAN before its first frame.
  const tagged = sets ? [nic('52:54:00:aa:02:33', { inside: TAGGED })] : [];
  await libvirt.create({ name: 'all', nics: [...all.map((each) => each.nic(macOf(each))), ...tagged] });
  if (!sets) await setVlans(libvirt, ANY.length);
  const stations = all.map((each) => ({ mac: macOf(each), wire: wireOf(each) }));
  const lines = all.map((each) => `all ${macOf(each)} ${each.vid ?? '-'} libvirt`);
  await untilTold(...lines);
  assert.deepEqual(await nextFailover(lab, stations.length + 1), expected([...stations, ...lab.guests]));

  const direct = '52:54:00:aa:02:21'; // whose device has a carrier whatever becomes of the guest's cable
  await libvirt.virsh('domif-setlink', 'all', direct, 'down');
  await untilTold(...lines.filter((line) => !line.includes(direct)));
  await libvirt.virsh('suspend', 'all');
  await untilTold();
  // libvirt has left its static row there: the bridge still knows that one.
  const known = stations.filter(({ mac }) => mac === macOf(TABLE));
  assert.deepEqual(await nextFailover(lab, 2), expected([...known, ...lab.guests]));
});
