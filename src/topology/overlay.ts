import { isDeepStrictEqual } from 'node:util';
import type { LinkDetails, LinkEvent } from '../kernel/events.js';
import { carriesFrames } from '../kernel/link.js';
import type { BridgePort } from './bridge-port.js';

/** Devices that the kernel does not tell of, because Open vSwitch keeps them (docs/design/openvswitch.md). */
export interface Overlay {
  /** Bridges, bonds, and the ends of cables between bridges. */
  readonly devices: readonly LinkEvent[];
  /**
   * The interfaces that may be devices of the kernel, by name. The kernel's device of that name is the port, with this
   * one's master; while there is none, the interface is elsewhere, in another network namespace, and counts itself.
   */
  readonly interfaces: ReadonlyMap<string, LinkEvent>;
  /** How ports treat VLANs, by their ifindexes here. */
  readonly ports: ReadonlyMap<number, BridgePort>;
}

const NOTHING: Overlay = { devices: [], interfaces: new Map(), ports: new Map() };

/** The kernel's device of the kind that marks what Open vSwitch has taken: its ports are enslaved to one of them. */
const SWITCH = 'openvswitch';

/** The ifindexes of the kernel's devices, by name. */
type Names = ReadonlyMap<string, number>;
type Links = ReadonlyMap<number, LinkEvent>;

/** How the kernel's devices and those of an overlay look together. */
export class OverlayView {
  private readonly byIndex: ReadonlyMap<number, LinkEvent>;
  private readonly placed = new WeakMap<LinkEvent, LinkEvent>();

  constructor(readonly all: Overlay = NOTHING) {
    const links = [...all.devices, ...all.interfaces.values()];
    this.byIndex = new Map(links.map((link) => [link.ifindex, link]));
  }

  /** Whether the overlay has a word on a kernel's device of that name. */
  names(name: string | undefined): boolean {
    return name !== undefined && this.all.interfaces.has(name);
  }

  /** A device of the overlay; undefined for an interface that is one of the kernel's. */
  device(ifindex: number, names: Names): LinkEvent | undefined {
    const link = this.byIndex.get(ifindex);
    if (!link || this.deviceOf(ifindex, names) !== ifindex) return undefined;
    const { details } = link;
    if (details.type !== 'bond' || details.activeSlave === null) return link;
    return { ...link, details: { ...details, activeSlave: this.deviceOf(details.activeSlave, names) } };
  }

  *visible(names: Names): Generator<LinkEvent> {
    for (const ifindex of this.byIndex.keys()) {
      const link = this.device(ifindex, names);
      if (link) yield link;
    }
  }

  deviceOf(ifindex: number, names: Names): number {
    const name = this.byIndex.get(ifindex)?.name;
    const isInterface = name !== undefined && this.all.interfaces.get(name)?.ifindex === ifindex;
    return (isInterface ? names.get(name) : undefined) ?? ifindex;
  }

  /** A device of the kernel with its place in the overlay. */
  seen(link: LinkEvent, links: Links): LinkEvent {
    const part = this.all.interfaces.get(link.name);
    if (!part) return link;
    const internal = part.details.type === 'other' && part.details.kind === 'internal';
    // Enslaved elsewhere, an internal interface joins two switches.
    if (!isTaken(link, links)) return internal ? { ...link, details: { type: 'other', kind: SWITCH } } : link;
    const held = this.placed.get(link);
    if (held) return held;
    const { master, bondSlaveActive } = part;
    const placed = { ...link, master, bondSlaveActive, details: internal ? part.details : link.details };
    this.placed.set(link, placed);
    return placed;
  }

  /** What the overlay says of a port: one of the kernel's devices, or an ifindex of its own. */
  port(port: LinkEvent | number, links: Links): BridgePort | undefined {
    if (typeof port === 'number') return this.all.ports.get(port);
    const part = this.all.interfaces.get(port.name);
    return part && isTaken(port, links) ? this.all.ports.get(part.ifindex) : undefined;
  }
}

/** With the datapath in the kernel the switch's ports are enslaved to it, with the one in user space to nothing. */
function isTaken({ master }: LinkEvent, links: Links): boolean {
  const details = master === null ? undefined : links.get(master)?.details;
  return master === null || (details?.type === 'other' && details.kind === SWITCH);
}

/**
 * What of a device decides the way of frames: all but its name, how many MACs a bridge has learned and, so that a
 * failover is no change, a bond's choice of slave and the carrier of its slaves.
 */
export function shapeOf(link: LinkEvent): unknown {
  const { ifindex, up, address, master, lower, details, bondSlaveActive } = link;
  return {
    ...{ ifindex, up, carrier: bondSlaveActive !== null || carriesFrames(link), address, master, lower },
    kind: kindOf(details),
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
