import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { AddressEvent, ForwardingEvent, LinkEvent } from '../kernel/events.js';
import { isMacvlan } from '../kernel/link.js';
import { type GuestInterface, readInterfaces, withOwnMacs } from '../sources/guest-interfaces.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { pvidOf } from '../topology/bridge-port.js';
import { isOverlay } from '../topology/bond-id.js';
import { guestBehind, isBackup, voiceOf } from '../topology/host-voice.js';
import { OwnAddresses } from '../topology/own-addresses.js';
import { StandbyGuests } from '../topology/standby-guests.js';
import type { Topology } from '../topology/topology.js';
import type { Evidence } from './standing.js';
import type { Changes, GuestTable } from './table.js';

/**
 * The guests that follow from the shape of the host and from what others declare of it: macvlans, the interfaces of
 * the guests of libvirt and Proxmox VE, and the host itself. Each is read whole, whenever something of it changed.
 */
export class Declared {
  readonly own = new OwnAddresses();
  private interfaces: readonly GuestInterface[] = [];
  private standby: readonly GuestInterface[] = [];
  private proxmox: readonly GuestInterface[] = [];
  private names: ReadonlyMap<Mac, string> = new Map();
  /** The names of the guests that libvirt or Proxmox VE has here, by those of their devices. */
  domains: ReadonlyMap<string, string> = new Map();
  private readonly standbys = new StandbyGuests();
  /** Whether the host's own addresses have changed since they were read. */
  ownPending = false;
  /** Whether a device that is named as a guest's has. */
  interfacesPending = false;

  /** @param announcesOwn whether the host's own addresses are announced; another value takes effect when all is read */
  constructor(
    private readonly topology: Topology,
    private readonly table: GuestTable,
    private readonly changes: Changes,
    public announcesOwn: boolean,
  ) {}

  /** @param standby those in whose place their guest has hardware to use @param now monotonic clock, seconds */
  setInterfaces(interfaces: readonly GuestInterface[], standby: readonly GuestInterface[], now: number): void {
    for (const mac of this.standbys.set(standby, now)) this.changes.touch(mac);
    this.interfaces = interfaces;
    this.standby = standby;
    this.nameDevices();
    this.readInterfaces();
  }

  /** Takes in the interfaces that Proxmox VE's guests have here while they run, in place of those of the last call. */
  setProxmox(interfaces: readonly GuestInterface[]): void {
    this.proxmox = interfaces;
    this.nameDevices();
    this.readInterfaces();
  }

  private nameDevices(): void {
    const all = [...this.proxmox, ...this.standby, ...this.interfaces];
    const domains = new Map(all.map(({ target, domain }) => [target, domain]));
    const isNew = (target: string): boolean => domains.get(target) !== this.domains.get(target);
    const changed = [...domains.keys(), ...this.domains.keys()].filter(isNew);
    this.domains = domains;
    for (const target of changed) {
      const link = this.topology.linkByName(target);
      if (link) this.changes.touchAt(link.ifindex); // whoever else is there
    }
  }

  /** Whether libvirt says that a guest runs at its interface. */
  runs({ mac, target }: GuestInterface): boolean {
    return this.interfaces.some((each) => each.mac === mac && each.target === target);
  }

  /** The name of the guest that libvirt or Proxmox VE says has this MAC. */
  nameOf(mac: Mac): string | null {
    return this.names.get(mac) ?? null;
  }

  /** What libvirt says of a MAC, and of devices. @param now monotonic clock, seconds */
  evidence(mac: Mac, now: number): Pick<Evidence, 'standby' | 'domainAt'> {
    const domainAt = (device: number | null): string | null =>
      this.domains.get(this.topology.link(device)?.name ?? '') ?? null;
    return { standby: this.standbys.of(mac, this.topology, now), domainAt };
  }

  /**
   * Takes in a word of the kernel on one of the host's own addresses.
   * @returns whose words on which address may have been the host's just before: of a guest on whose device it is new
   */
  applyAddress(event: AddressEvent | ForwardingEvent): (readonly [Mac, Ip])[] {
    if (!this.own.apply(event)) return [];
    this.ownPending = true;
    const isNew = event.type === 'address' && event.usable && !event.gone;
    const mac = isNew ? guestBehind(this.topology, this.own, event.ifindex) : null;
    return isNew && mac !== null ? [[mac, event.address]] : [];
  }

  /** After a dump, which `own.startDump` began: what it did not mention is gone. */
  finishDump(): void {
    if (this.own.finishDump()) this.ownPending = true;
  }

  /** A device is gone, and the host's addresses with it. */
  forgetDevice(device: number): void {
    this.ownPending ||= this.own.of(device).size > 0;
    this.own.forget(device);
  }

  /** A device that nobody's way leads past is another, or was. @param devices it, and the other end of a cable */
  deviceChanged(link: LinkEvent | undefined, devices: readonly number[]): void {
    this.ownPending ||= link !== undefined && isMacvlan(link);
    this.ownPending ||= devices.some((device) => this.own.of(device).size > 0);
    this.interfacesPending ||= this.domains.has(link?.name ?? '');
  }

  /** Who sits where may have changed with the shape of the host. @param all whatever it was; else what was named before */
  read(all: boolean): void {
    if (all || this.ownPending) this.readOwn();
    if (all || this.interfacesPending) this.readInterfaces();
  }

  /** libvirt and Proxmox VE name devices, and who has a name changes. */
  private readInterfaces(): void {
    const { topology, proxmox } = this;
    this.interfacesPending = false;
    const interfaces = withOwnMacs(this.interfaces, topology.allLinks());
    this.names = new Map([...proxmox, ...interfaces].map(({ mac, domain }) => [mac, domain]));
    const pvid = (port: number): number | null => {
      // In Open vSwitch frames without a tag have a VLAN of their own.
      const untagged = isOverlay(topology.link(port)?.master ?? 0) ? 0 : null;
      return pvidOf(topology.port(port)) ?? untagged;
    };
    this.replace('libvirt', readInterfaces('libvirt', interfaces, topology.allLinks(), pvid));
    this.replace('proxmox', readInterfaces('proxmox', proxmox, topology.allLinks(), pvid));
  }

  /** Reads again who the host itself is, and who is on its macvlans beside it. */
  private readOwn(): void {
    const { topology, own } = this;
    this.ownPending = false;
    const macvlans = readMacvlans(topology.allLinks());
    this.replace(
      'macvlan',
      macvlans.filter(({ device }) => !isBackup(topology, own, device)),
    );
    const sightings = this.announcesOwn ? readOwnVoices(topology, own) : [];
    this.replace('host', sightings);
    for (const { mac } of sightings) this.changes.touch(mac); // its MAC may be the same, and its addresses others
  }

  private replace(source: Source, sightings: readonly Sighting[]): void {
    this.table.startDump(source);
    for (const sighting of sightings) if (this.table.add(sighting) === 'changed') this.changes.touch(sighting.mac);
    for (const { mac } of this.table.finishDump(source)) this.changes.touch(mac);
  }
}

/** The host as one of its own guests. */
function readOwnVoices(topology: Topology, own: OwnAddresses): Sighting[] {
  return [...topology.allLinks()].flatMap(({ ifindex: device, address: mac }) =>
    mac === null || voiceOf(topology, own, device).length === 0
      ? []
      : [{ source: 'host' as const, mac, device, bridge: null, vlan: null }],
  );
}

/**
 * The guests on macvlan and macvtap devices, which bypass every bridge: the device's own address is the guest's.
 * A device that is down has no guest; one that is a bridge's port leads to that bridge's guests.
 */
export function readMacvlans(links: Iterable<LinkEvent>): Sighting[] {
  return [...links].flatMap((link) => {
    const { ifindex: device, up, master, address: mac } = link;
    const hasGuest = isMacvlan(link) && up && master === null && mac !== null;
    return hasGuest ? [{ source: 'macvlan' as const, mac, device, bridge: null, vlan: null }] : [];
  });
}
