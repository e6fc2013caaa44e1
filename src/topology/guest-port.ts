import { exitsOfDevice } from './exits.js';
import type { Topology } from './topology.js';

/** Devices that only ever have a guest on their other side: a virtual machine's tap, a container's or netns's veth. */
const GUEST_KINDS = new Set(['tun', 'veth']);

/**
 * Whether a bridge port leads to a guest. Uplinks, tunnels, other bonds and hardware do not: what is learned there
 * lives elsewhere. A kind we do not know counts as elsewhere too, since a MAC announced wrongly is a MAC stolen.
 */
export function isGuestPort(topology: Topology, ifindex: number): boolean {
  return topology.memo(`guest port ${ifindex}`, () => {
    const beneath = topology.beneathVlans(ifindex);
    const details = topology.link(beneath)?.details;
    const kind = details?.type === 'other' ? details.kind : null;
    return beneath !== null && kind !== null && GUEST_KINDS.has(kind) && exitsOfDevice(topology, beneath).length === 0;
  });
}
