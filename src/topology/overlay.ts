import { isDeepStrictEqual } from 'node:util';
import type { LinkDetails, LinkEvent } from '../kernel/events.js';
import { carriesFrames, otherKind } from '../kernel/link.js';
import type { BridgePort } from './bridge-port.js';

/** Devices that the kernel does not tell of, because Open vSwitch keeps them (docs/design/openvswitch.md). */
export interface Overlay {
  /** Bridges, bonds, and the ends of cables between bridges. */
  readonly devices: readonly LinkEvent[];
  /**
   * The interfaces that may be devices of the kernel, by name. The kernel's device of that name is the port, with this
   * one's master; while there is none, the interface is elsewhere, in another network namespace, and counts itself. One
   * that is internal and a port of a bridge of the kernel is both: a cable, and this is its end in the switch.
   */
  readonly interfaces: ReadonlyMap<string, LinkEvent>;
  /** How ports treat VLANs, by their ifindexes here. */
  readonly ports: ReadonlyMap<number, BridgePort>;
}

const NOTHING: Overlay = { devices: [], interfaces: new Map(), ports: new Map() };

/** The kernel's device of the kind that marks what Open vSwitch has taken: its ports are enslaved to one of them. */
const SWITCH = 'openvswitch';

/** The kernel's devices as they are now. */
interface KernelLinks {
  readonly links: ReadonlyMap<number, LinkEvent>;
  readonly byName: ReadonlyMap<string, number>;
}

/** How the kernel's devices and those of an overlay look together. */
export class OverlayView {
  private readonly byIndex: ReadonlyMap<number, LinkEvent>;
  private readonly placed = new WeakMap<LinkEvent, LinkEvent>();

  constructor(
    private readonly kernel: KernelLinks,
    readonly all: Overlay = NOTHING,
  ) {
    const links = [...all.devices, ...all.interfaces.values()];
    this.byIndex = new Map(links.map((link) => [link.ifindex, link]));
  }

  get isEmpty(): boolean {
    return this.byIndex.size === 0;
  }

  /** Whether the overlay has a word on a kernel's device of that name. */
  names(name: string | undefined): boolean {
    return name !== undefined && this.all.interfaces.has(name);
  }

  /** A device of the overlay; undefined for an interface that is one of the kernel's, and no cable. */
  device(ifindex: number): LinkEvent | undefined {
    const link = this.byIndex.get(ifindex);
    const own = link && this.kernelsOf(link);
    if (own) return this.isCable(own, link) ? switchEnd(link, own) : undefined;
    if (link?.details.type !== 'bond' || link.details.activeSlave === null) return link;
    return { ...link, details: { ...link.details, activeSlave: this.deviceOf(link.details.activeSlave) } };
  }

  *visible(): Generator<LinkEvent> {
    for (const ifindex of this.byIndex.keys()) {
      const link = this.device(ifindex);
      if (link) yield link;
    }
  }

  /** The device that is the port of the switch. */
  deviceOf(ifindex: number): number {
    const link = this.byIndex.get(ifindex);
    const own = link && this.kernelsOf(link);
    return own && !this.isCable(own, link) ? own.ifindex : ifindex;
  }

  /** A device of the kernel with its place in the overlay. */
  seen(link: LinkEvent): LinkEvent {
    const part = this.all.interfaces.get(link.name);
    if (!part) return link;
    if (this.isCable(link, part)) return { ...link, lower: part.ifindex, details: CABLE };
    const internal = isInternal(part);
    if (!this.isTaken(link)) return internal ? { ...link, details: { type: 'other', kind: SWITCH } } : link;
    const held = this.placed.get(link);
    if (held) return held;
    const { master, bondSlaveActive } = part;
    const placed = { ...link, master, bondSlaveActive, details: internal ? part.details : link.details };
    this.placed.set(link, placed);
    return placed;
  }

  /** What the overlay says of a port: one of the kernel's devices, or an ifindex of its own. */
  port(port: LinkEvent | number): BridgePort | undefined {
    if (typeof port === 'number') return this.all.ports.get(port);
    const part = this.all.interfaces.get(port.name);
    return part && this.isTaken(port) ? this.all.ports.get(part.ifindex) : undefined;
  }

  /** The kernel's device that an interface of the overlay is. */
  private kernelsOf({ name, ifindex }: LinkEvent): LinkEvent | undefined {
    if (this.all.interfaces.get(name)?.ifindex !== ifindex) return undefined;
    return this.kernel.links.get(this.kernel.byName.get(name) ?? 0);
  }

  /**
   * Whether an interface joins two switches: an internal one, a port of Open vSwitch, that a bridge of the kernel has as
   * its port too, as Proxmox's firewall bridges do. @param own the kernel's device that it is
   */
  private isCable(own: LinkEvent, part: LinkEvent): boolean {
    return isInternal(part) && this.masterOf(own)?.details.type === 'bridge';
  }

  /** With the datapath in the kernel the switch's ports are enslaved to it, with the one in user space to nothing. */
  private isTaken(link: LinkEvent): boolean {
    return link.master === null || otherKind(this.masterOf(link)) === SWITCH;
  }

  private masterOf({ master }: LinkEvent): LinkEvent | undefined {
    return master === null ? undefined : this.kernel.links.get(master);
  }
}

/** Each end of a cable between two switches is above the other, as with a veth pair. */
const CABLE = { type: 'other', kind: 'patch' } as const;

/** The end of a cable that is the port of Open vSwitch; frames pass while the kernel's device, the other end, is up. */
function switchEnd(part: LinkEvent, { ifindex: lower, up, lowerUp }: LinkEvent): LinkEvent {
  return { ...part, lower, up, lowerUp, address: null, details: CABLE };
}

function isInternal(link: LinkEvent): boolean {
  return otherKind(link) === 'internal';
}

/**
 * What of a device decides the way of frames: all but its name, how many MACs a bridge has learned and, so that a
 * failover is no change, a bond's choice of slave, and whether its slaves are up and have carrier.
 */
export function shapeOf(link: LinkEvent): unknown {
  const { ifindex, address, master, lower, details, bondSlaveActive, bondSlave } = link;
  const isSlave = bondSlaveActive !== null;
  return {
    ...{ ifindex, up: isSlave || link.up, carrier: isSlave || carriesFrames(link), address, master, lower },
    ...{ kind: kindOf(details), aggregator: bondSlave?.lacp?.aggregator },
  };
}

function kindOf(details: LinkDetails): unknown {
  if (details.type === 'bond') return { type: details.type, mode: details.mode, ovs: details.ovs };
  return details.type === 'bridge' ? { ...details, learned: undefined } : details;
}

/** Whether two overlays send frames the same ways, and call their devices the same. */
export function sameOverlay(one: Overlay, other: Overlay): boolean {
  const [a, b] = [one, other].map(({ devices, interfaces, ports }) => {
    const links = [...devices, ...interfaces.values()];
    return { links: new Map(links.map((link) => [link.ifindex, [link.name, shapeOf(link)]])), ports };
  });
  return isDeepStrictEqual(a, b);
}
