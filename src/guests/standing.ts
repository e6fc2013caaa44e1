import type { Sighting } from '../sources/sighting.js';
import { isGuestPort } from '../topology/guest-port.js';
import type { Topology } from '../topology/topology.js';
import { vlanMembership } from '../topology/vlan-membership.js';
import type { Evidence } from './evidence.js';

/**
 * Whether the port of a guest that fell silent still stands, so that the guest may be assumed behind it: the same
 * device in the same bridge and VLAN, up and with carrier (a tap whose process is gone has none). A veth that leads into another
 * bridge of this host stands as long as that bridge knows the MAC on a port that stands.
 */
export function portStands(topology: Topology, { device, bridge, vlan }: Sighting, evidence: Evidence): boolean {
  const link = topology.link(device);
  if (!link?.up || !link.lowerUp || link.master !== bridge || !isGuestPort(topology, device)) return false;
  if (vlan !== null && vlanMembership(topology.port(device)?.vlans ?? [], vlan) === 'none') return false;
  const beneath = topology.link(topology.beneathVlans(device));
  if (beneath !== link && !(beneath?.up && beneath.lowerUp)) return false;
  const inner = topology.link(beneath?.lower ?? null)?.master ?? null;
  if (topology.link(inner)?.details.type !== 'bridge') return true;
  const behind = (sighting: Sighting): boolean =>
    sighting.bridge === inner && isGuestPort(topology, sighting.device) && sighting.device !== beneath?.lower;
  return (
    evidence.sightings.some(behind) ||
    evidence.remembered.some(({ sighting }) => behind(sighting) && portStands(topology, sighting, evidence))
  );
}

/** Whether a port is a veth into another bridge of this host, which knows better where the guest is. */
export function leadsInside(topology: Topology, device: number | null): boolean {
  const beneath = topology.link(device === null ? null : topology.beneathVlans(device));
  const inner = topology.link(beneath?.lower ?? null)?.master ?? null;
  return beneath?.details.type === 'other' && topology.link(inner)?.details.type === 'bridge';
}
