import { isDeepStrictEqual } from 'node:util';
import type { KernelEvent, LinkEvent, VlanRange } from '../kernel/events.js';

/** What a bridge says of one of its ports, or of itself. */
export interface BridgePort {
  readonly state: number | null;
  readonly vlans: readonly VlanRange[];
}

/**
 * The host's devices, folded from link events. Holds one entry a device: bounded by the kernel's own table.
 * Derived facts (`memo`) live until the shape of the host changes: they may rest on what `shapeOf` names.
 */
export class Topology {
  private readonly links = new Map<number, LinkEvent>();
  private readonly ports = new Map<number, BridgePort>();
  private readonly derived = new Map<string, unknown>();
  private watched: ReadonlySet<string> | null = null;
  private unconfirmed: { links: Set<number>; ports: Set<number> } | null = null;

  /** Leaves the bonds of other names alone. To be called before the first event. */
  watchOnly(bonds: readonly string[]): void {
    this.watched = new Set(bonds);
  }

  /** Whether a bond of that name is to be watched; one whose name is not known yet may be. */
  watches(bond: string | undefined): boolean {
    return this.watched === null || bond === undefined || this.watched.has(bond);
  }

  /**
   * Takes in one event; those that are not about links change nothing.
   * @returns whether the way frames take through the host may be different now; a failover alone does not change it
   */
  apply(event: KernelEvent): boolean {
    const changed = this.fold(event);
    if (changed) this.derived.clear();
    return changed;
  }

  private fold(event: KernelEvent): boolean {
    switch (event.type) {
      case 'link':
        this.unconfirmed?.links.delete(event.ifindex);
        return this.putLink(event);
      case 'linkGone':
        this.ports.delete(event.ifindex);
        return this.links.delete(event.ifindex);
      case 'bridgePort':
        this.unconfirmed?.ports.delete(event.ifindex);
        return this.putPort(event.ifindex, event.state, event.vlans);
      case 'bridgePortGone':
        return this.ports.delete(event.ifindex);
      default:
        return false;
    }
  }

  private putLink(event: LinkEvent): boolean {
    const held = this.links.get(event.ifindex);
    this.links.set(event.ifindex, event);
    const moved = event.bridgePortState !== null && this.putPort(event.ifindex, event.bridgePortState, null);
    const same = held && this.watches(held.name) === this.watches(event.name);
    return moved || !same || !isDeepStrictEqual(shapeOf(held), shapeOf(event));
  }

  private putPort(ifindex: number, state: number | null, vlans: readonly VlanRange[] | null): boolean {
    const held = this.ports.get(ifindex);
    const port = { state: state ?? held?.state ?? null, vlans: vlans ?? held?.vlans ?? [] };
    if (held && isDeepStrictEqual(held, port)) return false;
    this.ports.set(ifindex, port);
    return true;
  }

  /** Before a fresh dump: from now on, what no message confirms is to go with `finishDump`. */
  startDump(): void {
    this.unconfirmed = { links: new Set(this.links.keys()), ports: new Set(this.ports.keys()) };
  }

  /** After the dump: drops what it did not mention. @returns whether anything went */
  finishDump(): boolean {
    const { links, ports } = this.unconfirmed ?? { links: [], ports: [] };
    this.unconfirmed = null;
    let changed = false;
    for (const ifindex of links) changed = this.links.delete(ifindex) || changed;
    for (const ifindex of ports) changed = this.ports.delete(ifindex) || changed;
    if (changed) this.derived.clear();
    return changed;
  }

  link(ifindex: number | null): LinkEvent | undefined {
    return ifindex === null ? undefined : this.links.get(ifindex);
  }

  linkByName(name: string): LinkEvent | undefined {
    return [...this.links.values()].find((link) => link.name === name);
  }

  allLinks(): IterableIterator<LinkEvent> {
    return this.links.values();
  }

  port(ifindex: number): BridgePort | undefined {
    return this.ports.get(ifindex);
  }

  /** The devices enslaved to a bridge or bond. */
  slavesOf(master: number): readonly LinkEvent[] {
    const slaves = this.memo('slaves', () => groupBy(this.links.values(), (link) => link.master));
    return this.resolve(slaves.get(master));
  }

  /** The devices stacked on `lower`: VLAN devices, macvlans. A veth and its peer each count as above the other. */
  devicesAbove(lower: number): readonly LinkEvent[] {
    const above = this.memo('above', () => groupBy(this.links.values(), (link) => link.lower));
    return this.resolve(above.get(lower));
  }

  /** The device beneath a stack of VLAN devices: itself if it is none, null where the stack leads nowhere. */
  beneathVlans(ifindex: number): number | null {
    let link = this.links.get(ifindex);
    const passed = new Set<number>(); // no kernel stacks them in a ring, but a message may say so
    while (link?.details.type === 'vlan' && !passed.has(link.ifindex)) {
      passed.add(link.ifindex);
      link = this.link(link.lower);
    }
    return link && !passed.has(link.ifindex) ? link.ifindex : null;
  }

  private resolve(ifindexes: readonly number[] = []): LinkEvent[] {
    return ifindexes.flatMap((ifindex) => this.links.get(ifindex) ?? []);
  }

  /** A fact computed from the topology, kept until the topology changes. `key` names it and its arguments. */
  memo<T>(key: string, compute: () => T): T {
    if (!this.derived.has(key)) this.derived.set(key, compute());
    return this.derived.get(key) as T;
  }
}

/** What of a device decides the way of frames: all but its name and, so that a failover is no change, a bond's choice of slave and the carrier of its slaves. */
function shapeOf({ ifindex, up, lowerUp, address, master, lower, details, bondSlaveActive }: LinkEvent): unknown {
  const kind = details.type === 'bond' ? { type: details.type, mode: details.mode } : details;
  return { ifindex, up, carrier: bondSlaveActive !== null || lowerUp, address, master, lower, kind };
}

function groupBy(links: Iterable<LinkEvent>, keyOf: (link: LinkEvent) => number | null): Map<number | null, number[]> {
  const groups = new Map<number | null, number[]>();
  for (const link of links) {
    const group = groups.get(keyOf(link));
    if (group) group.push(link.ifindex);
    else groups.set(keyOf(link), [link.ifindex]);
  }
  return groups;
}
