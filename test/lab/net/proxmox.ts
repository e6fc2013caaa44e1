import { HYPERVISOR } from './hypervisor.js';
import { bridge as bridgeTool, ip } from './ip.js';
import type { OpenVSwitch } from './ovs.js';

/*
 * What Proxmox VE puts between a guest and a bridge of Open vSwitch: a bridge of the kernel, one port of which is an
 * internal port of the switch.
 */

/** An internal port of the switch, that is a port of a bridge of the kernel. @param columns of its row in Port */
async function cable(
  ovs: OpenVSwitch,
  name: string,
  from: string,
  to: string,
  columns: readonly string[],
): Promise<void> {
  await ovs.vsctl('add-port', from, name, ...columns, '--', 'set', 'interface', name, 'type=internal');
  await ip(HYPERVISOR, [`link set ${name} master ${to}`, `link set ${name} up`]);
}

/** The firewall's bridge of a guest's NIC, and its port `fwlnN` of the switch. @param columns of that: `tag=10` */
export async function firewalled(ovs: OpenVSwitch, bridge: string, n: number, ...columns: string[]): Promise<void> {
  const own = `fwbr${n}`;
  await ip(HYPERVISOR, [
    ...[`link add name ${own} type bridge stp_state 0 mcast_snooping 0`, `link set ${own} up`],
    `link set tap${n} master ${own}`,
  ]);
  await cable(ovs, `fwln${n}`, bridge, own, columns);
}

/**
 * A VNet that knows VLANs, in an SDN zone of type VLAN: `vnet1`, whose uplink puts the guests' VLANs into that of the
 * zone. @param guests the VLAN of each guest's port
 */
export async function virtualNetwork(
  ovs: OpenVSwitch,
  bridge: string,
  tag: number,
  guests: Readonly<Record<string, number>>,
): Promise<void> {
  await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:vlan-limit=2');
  await ip(HYPERVISOR, [
    ...['link add name vnet1 type bridge stp_state 0 mcast_snooping 0 vlan_filtering 1', 'link set vnet1 up'],
    ...Object.keys(guests).map((port) => `link set ${port} master vnet1`),
  ]);
  const columns = ['vlan_mode=dot1q-tunnel', `tag=${tag}`, 'other_config:qinq-ethtype=802.1q'];
  await cable(ovs, 'ln_vnet1', bridge, 'vnet1', columns);
  await bridgeTool(HYPERVISOR, [
    // Proxmox has 2-4094 there: one by one, the kernel takes many seconds to take them away again.
    ...Object.values(guests).map((vid) => `vlan add dev ln_vnet1 vid ${vid}`),
    ...Object.entries(guests).flatMap(([port, vid]) => [
      `vlan del dev ${port} vid 1`,
      `vlan add dev ${port} vid ${vid} pvid untagged`,
    ]),
  ]);
}
