import { otherKind } from '../kernel/link.js';
import type { Topology } from './topology.js';

/** Devices that have a guest on their other side, or a way to another bridge: a tap, a veth, a patch port. */
const GUEST_KINDS = new Set(['tun', 'veth', 'patch']);

/** Interfaces of Open vSwitch whose other side is the host itself, a network namespace or a virtual machine. */
const ENDS = new Set(['internal', 'tap', 'dpdkvhostuser', 'dpdkvhostuserclient']);

/**
 * Whether a bridge port leads to a guest: also one by which a NIC's switch hands over what a guest's function sends.
 * Uplinks, tunnels, other bonds and hardware do not: what is learned there
 * lives elsewhere. A kind we do not know counts as elsewhere too, since a MAC announced wrongly is a MAC stolen.
 */
export function isGuestPort(topology: Topology, ifindex: number): boolean {
  return topology.memo(`guest port ${ifindex}`, () => {
    const beneath = topology.beneathVlans(ifindex);
    if (beneath?.details.type === 'other' && beneath.details.represents === 'guest') return true;
    const kind = otherKind(beneath);
    if (kind === null) return false;
    // A VLAN device on an interface of a switch leads into the switch.
    if (ENDS.has(kind)) return beneath?.ifindex === ifindex;
    return GUEST_KINDS.has(kind) && !leadsOut(topology, ifindex);
  });
}

/** Whether a device is a bond, or a VLAN device on one. */
export function leadsStraightOut(topology: Topology, ifindex: number): boolean {
  return topology.beneathVlans(ifindex)?.details.type === 'bond';
}

/** Whether flows decide where a bridge sends frames, and in which VLAN. */
export function isProgrammed(topology: Topology, bridge: number | null): boolean {
  const details = topology.link(bridge)?.details;
  return details?.type === 'bridge' && details.ovs?.programmed === true;
}

/**
 * Whether a port leads to a bond by other bridges, in some VLAN: then what is learned there may live elsewhere. Not all
 * cables of a programmed bridge are joined (OpenStack's br-int): a port leads out to one that is nearer to a bond.
 */
function leadsOut(topology: Topology, port: number): boolean {
  const own = topology.link(port)?.master ?? null;
  return farEnds(topology, port).some(([bridge, entered]) => {
    if (isProgrammed(topology, bridge)) return distance(topology, bridge) < distance(topology, own);
    return reaches(topology, bridge, entered);
  });
}

/** A bridge and the port by which a cable enters it. */
type End = readonly [bridge: number, port: number];

/** Where the cable that a port is leads to: a veth or patch port to the bridges of its other end, and of VLAN devices on that. */
function farEnds(topology: Topology, port: number): End[] {
  const beneath = topology.beneathVlans(port);
  if (!beneath) return [];
  const { ifindex, details, lower } = beneath;
  if (details.type === 'bridge') return [[ifindex, ifindex]];
  const kind = otherKind(beneath);
  if (kind === 'internal') return port === ifindex ? [] : endsAbove(topology, ifindex);
  return kind === 'veth' || kind === 'patch' ? endsAbove(topology, lower) : [];
}

function endsAbove(topology: Topology, device: number | null, depth = 0): End[] {
  const link = topology.link(device);
  if (!link || depth > MAX_VLAN_DEVICES) return [];
  const bridge = topology.link(link.master);
  const vlans = topology.devicesAbove(link.ifindex).filter(({ details }) => details.type === 'vlan');
  const above = vlans.flatMap(({ ifindex }) => endsAbove(topology, ifindex, depth + 1));
  return bridge?.details.type === 'bridge' ? [[bridge.ifindex, link.ifindex], ...above] : above;
}

/** So many VLAN devices are stacked at most. */
const MAX_VLAN_DEVICES = 8;

function reaches(topology: Topology, bridge: number, entered: number): boolean {
  const passed = new Set<number>(); // the ports that were entered by
  const next: End[] = [[bridge, entered]];
  for (let end = next.pop(); end; end = next.pop()) {
    const [here, except] = end;
    if (passed.has(except)) continue;
    passed.add(except);
    for (const { ifindex } of topology.slavesOf(here)) {
      if (ifindex === except) continue;
      if (leadsStraightOut(topology, ifindex)) return true;
      next.push(...farEnds(topology, ifindex));
    }
  }
  return false;
}

/** How many cables a bridge is away from one that a bond is a port of. */
function distance(topology: Topology, bridge: number | null): number {
  return topology.memo(`distance ${bridge}`, () => {
    const passed = new Set(bridge === null ? [] : [bridge]);
    for (let [ring, cables] = [[...passed], 0]; ring.length > 0; cables++) {
      const ports = ring.flatMap((each) => topology.slavesOf(each));
      if (ports.some(({ ifindex }) => leadsStraightOut(topology, ifindex))) return cables;
      const beyond = new Set(ports.flatMap(({ ifindex }) => farEnds(topology, ifindex).map(([far]) => far)));
      ring = [...beyond].filter((each) => !passed.has(each));
      for (const each of ring) passed.add(each);
    }
    return Infinity;
  });
}
