import type { Mac } from '../addr/mac.js';
import type { AddressEvent, ForwardingEvent, LinkEvent } from '../kernel/events.js';
import { type GuestInterface, readLibvirt } from '../sources/libvirt.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { pvidOf } from '../topology/bridge-port.js';
import { isOverlay } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import { OwnAddresses } from './addresses.js';
import type { Changes, GuestTable } from './table.js';

/**
 * The guests that follow from the shape of the host and from what others declare of it: macvlans, the interfaces of
 * libvirt's guests, and the host itself. Each is read whole, whenever something of it changed.
 */
export class Declared {
  readonly own = new OwnAddresses();
  private interfaces: readonly GuestInterface[] = [];
  private names: ReadonlyMap<Mac, string> = new Map();
  /** Whether the host's own addresses have changed since they were read. */
  ownPending = false;

  /** @param announcesOwn whether the host's own addresses are announced; another value takes effect with `readAll` */
  constructor(
    private readonly topology: Topology,
    private readonly table: GuestTable,
    private readonly changes: Changes,
    public announcesOwn: boolean,
  ) {}

  setInterfaces(interfaces: readonly GuestInterface[]): void {
    this.interfaces = interfaces;
    this.names = new Map(interfaces.map(({ mac, domain }) => [mac, domain]));
    this.readLibvirt();
  }

  /** Whether libvirt says that a guest runs at its interface. */
  runs({ mac, target }: GuestInterface): boolean {
    return this.interfaces.some((each) => each.mac === mac && each.target === target);
  }

  /** The name of the guest that libvirt says has this MAC. */
  nameOf(mac: Mac): string | null {
    return this.names.get(mac) ?? null;
  }

  /** Takes in a word of the kernel on one of the host's own addresses. */
  applyAddress(event: AddressEvent | ForwardingEvent): void {
    if (this.own.apply(event)) this.ownPending = true;
  }

  /** After a dump, which `own.startDump` began: what it did not mention is gone. */
  finishDump(): void {
    if (this.own.finishDump()) this.ownPending = true;
  }

  /** Who sits where may have changed with the shape of the host. */
  readAll(): void {
    this.replace('macvlan', readMacvlans(this.topology.allLinks()));
    this.readOwn();
    this.readLibvirt();
  }

  /** libvirt names devices, and who has a name changes. */
  readLibvirt(): void {
    const { topology, interfaces } = this;
    const pvid = (port: number): number | null => {
      // In Open vSwitch frames without a tag have a VLAN of their own.
      const untagged = isOverlay(topology.link(port)?.master ?? 0) ? 0 : null;
      return pvidOf(topology.port(port)) ?? untagged;
    };
    this.replace('libvirt', readLibvirt(interfaces, topology.allLinks(), pvid));
  }

  /** Reads again who the host itself is. */
  readOwn(): void {
    this.ownPending = false;
    const sightings = this.announcesOwn ? readOwnAddresses(this.topology, this.own) : [];
    this.replace('host', sightings);
    for (const { mac } of sightings) this.changes.touch(mac); // its MAC may be the same, and its addresses others
  }

  private replace(source: Source, sightings: readonly Sighting[]): void {
    this.table.startDump(source);
    for (const sighting of sightings) if (this.table.add(sighting) === 'changed') this.changes.touch(sighting.mac);
    for (const { mac } of this.table.finishDump(source)) this.changes.touch(mac);
  }
}

/**
 * The host as one of its own guests, which speaks through bridges and VLAN devices above them. On a failover the kernel
 * announces only the bond and VLAN devices on it; no bridge hands that on (net/bridge/br.c:br_device_event).
 */
function readOwnAddresses(topology: Topology, addresses: OwnAddresses): Sighting[] {
  return [...topology.allLinks()].flatMap(({ ifindex, up, address: mac }) => {
    if (!up || mac === null || addresses.of(ifindex).size === 0) return [];
    const details = topology.beneathVlans(ifindex)?.details;
    // The host's own interface of a switch is as good as the bridge itself.
    const isAboveBridge = details?.type === 'bridge' || (details?.type === 'other' && details.kind === 'internal');
    return isAboveBridge ? [{ source: 'host' as const, mac, device: ifindex, bridge: null, vlan: null }] : [];
  });
}

/**
 * The guests on macvlan and macvtap devices, which bypass every bridge: the device's own address is the guest's.
 * A device that is down has no guest; one that is a bridge's port leads to that bridge's guests.
 */
export function readMacvlans(links: Iterable<LinkEvent>): Sighting[] {
  return [...links].flatMap(({ ifindex, details, up, master, address: mac }) => {
    const kind = details.type === 'other' ? details.kind : null;
    const hasGuest = (kind === 'macvlan' || kind === 'macvtap') && up && master === null && mac !== null;
    return hasGuest ? [{ source: 'macvlan' as const, mac, device: ifindex, bridge: null, vlan: null }] : [];
  });
}
