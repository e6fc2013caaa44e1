import { isDeepStrictEqual } from 'node:util';
import type { KernelEvent, LinkEvent, VlanRange } from '../kernel/events.js';

/** What a bridge says of one of its ports, or of itself. */
export interface BridgePort {
  readonly state: number | null;
  readonly vlans: readonly VlanRange[];
}

/**
 * The host's devices, folded from link events. Holds one entry a device: bounded by the kernel's own table.
 * Derived facts (`memo`) live until the next change.
 */
export class Topology {
  private readonly links = new Map<number, LinkEvent>();
  private readonly ports = new Map<number, BridgePort>();
  private readonly derived = new Map<string, unknown>();
  private unconfirmed: { links: Set<number>; ports: Set<number> } | null = null;

  /**
   * Takes in one event; those that are not about links change nothing.
   * @returns whether anything we hold is different now
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
    const same = held !== undefined && isDeepStrictEqual({ ...held, event: null }, { ...event, event: null });
    if (!same) this.links.set(event.ifindex, event);
    const moved = event.bridgePortState !== null && this.putPort(event.ifindex, event.bridgePortState, null);
    return moved || !same;
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
    return this.memo('slaves', () => groupBy(this.links.values(), (link) => link.master)).get(master) ?? [];
  }

  /** The devices stacked on `lower`: VLAN devices, macvlans. A veth and its peer each count as above the other. */
  devicesAbove(lower: number): readonly LinkEvent[] {
    return this.memo('above', () => groupBy(this.links.values(), (link) => link.lower)).get(lower) ?? [];
  }

  /** A fact computed from the topology, kept until the topology changes. `key` names it and its arguments. */
  memo<T>(key: string, compute: () => T): T {
    if (!this.derived.has(key)) this.derived.set(key, compute());
    return this.derived.get(key) as T;
  }
}

function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
