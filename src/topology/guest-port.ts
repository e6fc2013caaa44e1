import { leadsOut } from './leads-out.js';
import type { Topology } from './topology.js';

/** Devices that have a guest on their other side, or a way to another bridge: a tap, a veth, a patch port. */
const GUEST_KINDS = new Set(['tun', 'veth', 'patch']);

/** Interfaces of Open vSwitch whose other side is the host itself, a network namespace or a virtual machine. */
const ENDS = new Set(['internal', 'tap', 'dpdkvhostuser', 'dpdkvhostuserclient']);

/**
 * Whether a bridge port leads to a guest. Uplinks, tunnels, other bonds and hardware do not: what is learned there
 * lives elsewhere. A kind we do not know counts as elsewhere too, since a MAC announced wrongly is a MAC stolen.
 */
export function isGuestPort(topology: Topology, ifindex: number): boolean {
  return topology.memo(`guest port ${ifindex}`, () => {
    const beneath = topology.beneathVlans(ifindex);
    const details = topology.link(beneath)?.details;
    const kind = details?.type === 'other' ? details.kind : null;
    if (beneath === null || kind === null) return false;
    // A VLAN device on an interface of a switch leads into the switch.
    if (ENDS.has(kind)) return beneath === ifindex;
    return GUEST_KINDS.has(kind) && !leadsOut(topology, ifindex);
  });
}
