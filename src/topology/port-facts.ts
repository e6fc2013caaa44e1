import type { Mac } from '../addr/mac.js';
import { otherKind } from '../kernel/link.js';
import { isOverlay } from './bond-id.js';
import { vlanMembership } from './bridge-port.js';
import { exitsByPort, exitsOfBridgePort, exitsOfDevice, type RoutedExit } from './exits.js';
import { isGuestPort, isProgrammed, leadsStraightOut } from './guest-port.js';
import type { Topology } from './topology.js';

/** Where something was learned: on a port of a bridge, in a VLAN of it; or, without a bridge, on a device itself. */
interface PortOfVlan {
  readonly device: number;
  readonly bridge: number | null;
  /** null where the bridge knows none. */
  readonly vlan: number | null;
}

/** The other end of a cable: the bridge, which knows better where a guest is, and its port. */
export interface InnerEnd extends Pick<PortFacts, 'isOvs' | 'programmed'> {
  readonly bridge: number;
  readonly port: number;
  /** How many of its ports lead to guests, at least 1. */
  readonly guestPorts: number;
  /** The MACs of the bridge itself and of its ports: nobody but the host speaks with them. */
  readonly own: ReadonlySet<Mac>;
}

/** What the host's devices say of a port of a bridge in a VLAN, as they are now. */
export interface PortFacts {
  /** Whether a guest is behind the port: see `isGuestPort`. */
  readonly isGuests: boolean;
  /** Whether it is a bond, or a VLAN device on one. */
  readonly isUplink: boolean;
  /** The bridge of this host that the port leads to. */
  readonly inner: InnerEnd | null;
  /** Whether Open vSwitch keeps the port's bridge, and whether flows decide where that sends frames. */
  readonly isOvs: boolean;
  readonly programmed: boolean;
  /** Whether frames get through a port on which the bridge lists a MAC. */
  readonly isOpen: boolean;
  /** Whether the port is as it was for a guest that fell silent behind it: in its bridge and VLAN, up and with carrier. */
  readonly stands: boolean;
  /** For the port of a switch by which the host itself speaks: its MAC. Whoever the host forwards for comes and goes without a sign. */
  readonly own: { readonly address: Mac | null } | null;
  /** Where the frames leave the host that come in by the port; also by a programmed bridge. Empty for no guest's port. */
  readonly exits: readonly RoutedExit[];
  /** By which exits a MAC is reached that was learned on the port; empty where that is not an uplink. */
  readonly outside: readonly RoutedExit[];
}

/** Looks a port up once for each shape of the host. */
export function portFacts(topology: Topology, port: PortOfVlan): PortFacts {
  const key = `port ${port.device} ${port.bridge} ${port.vlan}`;
  const held = topology.derived.get(key) as PortFacts | undefined;
  return held ?? topology.memo(key, () => lookUp(topology, port));
}

function lookUp(topology: Topology, port: PortOfVlan): PortFacts {
  const { device, bridge, vlan } = port;
  const isGuests = isGuestPort(topology, device);
  const open = isOpen(topology, port);
  const byBridge = bridge !== null && isGuests && open;
  return {
    isGuests,
    isUplink: leadsStraightOut(topology, device),
    inner: innerEnd(topology, device),
    isOvs: bridge !== null && isOverlay(bridge),
    programmed: isProgrammed(topology, bridge),
    isOpen: open,
    stands: isGuests && stands(topology, port),
    own: hostsOwn(topology, device),
    exits: byBridge
      ? exitsOfBridgePort(topology, bridge, device, vlan)
      : bridge === null
        ? exitsOfDevice(topology, device)
        : [],
    outside: bridge === null ? [] : exitsByPort(topology, bridge, device, vlan),
  };
}

/**
 * The kernel forgets what it learned on a port that goes down or leaves its VLAN; Open vSwitch does not. Its database
 * cannot tell whether an interface in another namespace is up (3.1: always down): that counts as open.
 */
function isOpen(topology: Topology, { bridge, device }: PortOfVlan): boolean {
  if (bridge === null || !isOverlay(bridge)) return true;
  const link = topology.link(device);
  if (link?.master !== bridge || topology.port(device)?.vlans.length === 0) return false;
  const isElsewhere = isOverlay(device) && otherKind(link) !== 'patch';
  return isElsewhere || (link.up && link.lowerUp);
}

/** A tap whose process is gone has no carrier. */
function stands(topology: Topology, { bridge, device, vlan }: PortOfVlan): boolean {
  const link = topology.link(device);
  if (!link?.up || !link.lowerUp || link.master !== bridge) return false;
  if (vlan !== null && vlanMembership(topology.port(device)?.vlans ?? [], vlan) === 'none') return false;
  const beneath = topology.beneathVlans(device);
  return beneath?.ifindex === device || (beneath?.up === true && beneath.lowerUp);
}

function hostsOwn(topology: Topology, device: number): PortFacts['own'] {
  const link = topology.link(device);
  return link && otherKind(link) === 'internal' && !isOverlay(device) ? { address: link.address } : null;
}

function innerEnd(topology: Topology, device: number): InnerEnd | null {
  const beneath = topology.beneathVlans(device);
  const end = beneath?.details.type === 'other' ? topology.link(beneath.lower) : undefined;
  const bridge = topology.link(end?.master ?? null);
  if (!end || bridge?.details.type !== 'bridge') return null;
  const { ifindex } = bridge;
  const { guestPorts, own } = topology.memo(`inside ${ifindex}`, () => {
    const ports = topology.slavesOf(ifindex);
    const guests = ports.filter((slave) => isGuestPort(topology, slave.ifindex));
    const macs = [bridge, ...ports].flatMap(({ address }) => address ?? []);
    return { guestPorts: Math.max(1, guests.length), own: new Set(macs) };
  });
  return {
    bridge: ifindex,
    port: end.ifindex,
    isOvs: isOverlay(ifindex),
    programmed: isProgrammed(topology, ifindex),
    guestPorts,
    own,
  };
}
