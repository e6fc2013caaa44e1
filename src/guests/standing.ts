import type { Sighting } from '../sources/sighting.js';
import { isGuestPort } from '../topology/guest-port.js';
import { isOverlay } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import { vlanMembership } from '../topology/bridge-port.js';
import type { Evidence } from './evidence.js';

/** So many bridges are passed from one to the next, at most; cables in a ring have no end. */
const MAX_BRIDGES = 16;

/** What speaks for a MAC being behind a bridge. */
type Rows = Pick<Evidence, 'sightings' | 'remembered'>;

/**
 * Whether the port of a guest that fell silent still stands, so that the guest may be assumed behind it: the same
 * device in the same bridge and VLAN, up and with carrier (a tap whose process is gone has none). A veth or patch port
 * that leads into another bridge of this host stands as long as that bridge knows the MAC on a port that stands. So a
 * guest of a bridge that learns nothing (OVN's br-int) is remembered only where libvirt says that it is there.
 */
export function portStands(topology: Topology, sighting: Sighting, evidence: Rows, passed = 0): boolean {
  const { device, bridge, vlan } = sighting;
  const link = topology.link(device);
  if (!link?.up || !link.lowerUp || link.master !== bridge || !isGuestPort(topology, device)) return false;
  if (vlan !== null && vlanMembership(topology.port(device)?.vlans ?? [], vlan) === 'none') return false;
  const beneath = topology.link(topology.beneathVlans(device));
  if (beneath !== link && !(beneath?.up && beneath.lowerUp)) return false;
  if (isHostsOwn(topology, device)) return link.address === sighting.mac;
  const inner = innerBridge(topology, device);
  if (inner === null) return true;
  return (
    behind(topology, inner, evidence).some((each) => isOpen(topology, each)) ||
    evidence.remembered.some(
      (each) =>
        isBehind(topology, inner, each.sighting) &&
        passed < MAX_BRIDGES &&
        portStands(topology, each.sighting, evidence, passed + 1),
    )
  );
}

/** The port of a switch by which the host itself speaks, and whoever it forwards for: they come and go without a sign. */
function isHostsOwn(topology: Topology, device: number): boolean {
  const details = topology.link(device)?.details;
  return !isOverlay(device) && details?.type === 'other' && details.kind === 'internal';
}

/** The other end of a cable: the bridge and its port. */
interface InnerEnd {
  readonly bridge: number;
  readonly port: number;
}

/** Where a port leads that is an end of a cable into another bridge of this host, which knows better where a guest is. */
export function innerBridge(topology: Topology, device: number | null): InnerEnd | null {
  const beneath = topology.link(device === null ? null : topology.beneathVlans(device));
  const end = beneath?.details.type === 'other' ? topology.link(beneath.lower) : undefined;
  const bridge = topology.link(end?.master ?? null);
  return end && bridge?.details.type === 'bridge' ? { bridge: bridge.ifindex, port: end.ifindex } : null;
}

/** Whether a port leads into another bridge of this host. */
export function leadsInside(topology: Topology, device: number | null): boolean {
  return innerBridge(topology, device) !== null;
}

function isBehind(topology: Topology, { bridge, port }: InnerEnd, sighting: Sighting): boolean {
  return sighting.bridge === bridge && sighting.device !== port && isGuestPort(topology, sighting.device);
}

/** Where the bridge at the other end has a MAC. */
export function behind(topology: Topology, end: InnerEnd, { sightings }: Pick<Evidence, 'sightings'>): Sighting[] {
  return sightings.filter((sighting) => isBehind(topology, end, sighting));
}

/**
 * Whether frames get through a port on which a bridge lists a MAC now. The kernel forgets what it learned on a port
 * that goes down or leaves its VLAN; Open vSwitch does not. Of an interface in another network namespace its database
 * cannot tell whether it is up (seen with 3.1: down, whatever it is), so that it is as good as what was learned on it.
 */
export function isOpen(topology: Topology, { bridge, device }: Pick<Sighting, 'bridge' | 'device'>): boolean {
  if (bridge === null || !isOverlay(bridge)) return true;
  const link = topology.link(device);
  if (link?.master !== bridge || topology.port(device)?.vlans.length === 0) return false;
  return isOverlay(device) || (link.up && link.lowerUp);
}

/**
 * Whether a port leads into a bridge of Open vSwitch that has the MAC only where no frame gets through: then what is
 * still listed of it on the way out is a leftover.
 */
export function isCutOff(topology: Topology, device: number, evidence: Rows, passed = 0): boolean {
  const inner = innerBridge(topology, device);
  if (inner === null || !isOverlay(inner.bridge) || passed > MAX_BRIDGES) return false;
  const rows = behind(topology, inner, evidence);
  const isShut = (row: Sighting): boolean =>
    !isOpen(topology, row) || isCutOff(topology, row.device, evidence, passed + 1);
  return rows.length > 0 && rows.every((row) => isShut(row));
}
