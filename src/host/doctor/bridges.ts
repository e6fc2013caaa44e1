import type { BridgeFacts, PortFacts, UplinkFacts } from '../../doctor/facts.js';
import { failureOf } from '../../errors.js';
import type { LinkEvent, VlanInstance } from '../../kernel/events.js';
import { type DeviceSettings, openDeviceSettings } from '../../sys/files/host-settings.js';
import { servedBonds } from '../../topology/bonds.js';
import { isOverlay } from '../../topology/bond-id.js';
import { exitsOfDevice } from '../../topology/exits.js';
import { leadsStraightOut } from '../../topology/guest-port.js';
import type { Topology } from '../../topology/topology.js';
import { readInstances } from './instances.js';

/** USER_HZ, in which the kernel shows times in sysfs, is 100 on every Linux. */
const TICKS_A_SECOND = 100;

/** addr_assign_type of a device whose address was set (linux/netdevice.h: NET_ADDR_SET). */
const NET_ADDR_SET = 3;

/** /sys/class/net/NAME/bridge/stp_state (net/bridge/br_private.h: BR_NO_STP and following). */
const SPANNING_TREE = ['off', 'kernel', 'user'] as const;

/** The kernel's bridges whose guests leave by a watched bond, and their ports that are such a bond or lead to one. */
export function guestBridges(topology: Topology): { bridge: LinkEvent; ports: LinkEvent[] }[] {
  const bonds = new Set(servedBonds(topology).map(({ ifindex }) => ifindex));
  return [...topology.allLinks()]
    .filter(({ details, ifindex }) => details.type === 'bridge' && !isOverlay(ifindex))
    .map((bridge) => ({ bridge, ports: uplinksOf(topology, bridge, bonds) }))
    .filter(
      ({ bridge, ports }) =>
        ports.length > 0 || exitsOfDevice(topology, bridge.ifindex).some(({ bond }) => bonds.has(bond)),
    );
}

/** Reads those bridges. @param unread called with what cannot be read */
export async function readBridges(topology: Topology, unread: (what: string) => void): Promise<BridgeFacts[]> {
  const reads = guestBridges(topology).map(({ bridge, ports }) => readBridge(topology, bridge, ports, unread));
  return (await Promise.all(reads)).sort((one, other) => one.name.localeCompare(other.name));
}

function uplinksOf(topology: Topology, { ifindex }: LinkEvent, bonds: ReadonlySet<number>): LinkEvent[] {
  return topology
    .slavesOf(ifindex)
    .filter((port) => leadsStraightOut(topology, port.ifindex))
    .filter((port) => bonds.has(topology.beneathVlans(port.ifindex)?.ifindex ?? 0));
}

async function readBridge(
  topology: Topology,
  { name, ifindex, address, details }: LinkEvent,
  ports: readonly LinkEvent[],
  unread: (what: string) => void,
): Promise<BridgeFacts> {
  const settings = await openDeviceSettings(name, ifindex);
  if (settings === null) unread(`/sys/class/net/${name}/bridge`);
  const ageing = await readAgeing(settings);
  const assigned = await settings?.number('addr_assign_type');
  const spanningTree = await settings?.number('bridge/stp_state');
  const { vlanFiltering, mst, learned, maxLearned }: Partial<typeof details & { type: 'bridge' }> =
    details.type === 'bridge' ? details : {};
  let instances: VlanInstance[] = [];
  if (mst && failureOf(() => (instances = readInstances(ifindex)))) unread(`the VLAN instances of ${name}`);
  return {
    name,
    ageing,
    mac: address,
    macPinned: assigned == null ? null : assigned === NET_ADDR_SET,
    spanningTree: SPANNING_TREE[spanningTree ?? NaN] ?? null,
    mst: mst === true,
    instances,
    learned: learned !== undefined && maxLearned !== undefined ? { held: learned, most: maxLearned } : null,
    uplinks: await Promise.all(ports.map((port) => readUplink(topology, port, vlanFiltering === true))),
  };
}

/** While spanning tree reports a change a bridge forgets sooner (net/bridge/br_stp.c: __br_set_topology_change). */
async function readAgeing(settings: DeviceSettings | null): Promise<number | null> {
  const ticks = await settings?.number('bridge/ageing_time');
  const changing = await settings?.number('bridge/topology_change');
  return ticks == null || changing === 1 ? null : ticks / TICKS_A_SECOND;
}

async function readUplink(topology: Topology, port: LinkEvent, knowsVlans: boolean): Promise<UplinkFacts> {
  const { name, ifindex, lowerUp } = port;
  const settings: DeviceSettings | null = await openDeviceSettings(name, ifindex);
  const learning = await settings?.number('brport/learning');
  const held = topology.port(ifindex);
  return {
    name,
    bond: topology.beneathVlans(ifindex)?.name ?? '',
    tags: tagsBeneath(topology, port),
    vlans: knowsVlans ? (held?.vlans ?? []) : null,
    carrier: lowerUp,
    state: held?.state ?? null,
    states: held?.states ?? [],
    learning: learning == null ? null : learning === 1,
  };
}

/** The VLANs of a stack of VLAN devices, the outermost first: the one nearest to the wire. */
function tagsBeneath(topology: Topology, port: LinkEvent): number[] {
  const tags: number[] = [];
  for (let link: LinkEvent | undefined = port; link?.details.type === 'vlan'; link = topology.link(link.lower)) {
    tags.unshift(link.details.id);
  }
  return tags;
}

/** Where the ports of bridges are, by their names. */
export function readPorts(topology: Topology): Map<string, PortFacts> {
  const ports = new Map<string, PortFacts>();
  for (const { name, ifindex, master } of topology.allLinks()) {
    const bridge = topology.link(master);
    if (bridge?.details.type !== 'bridge') continue;
    const range = topology.port(ifindex)?.vlans.find(({ pvid }) => pvid);
    ports.set(name, { bridge: bridge.name, pvid: range?.first ?? null });
  }
  return ports;
}
