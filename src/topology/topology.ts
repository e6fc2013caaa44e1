import { isDeepStrictEqual } from 'node:util';
import type { KernelEvent, LinkEvent, PortVlansEvent, VlanRange } from '../kernel/events.js';
import { otherKind } from '../kernel/link.js';
import { LruMap } from '../lru-map.js';
import { isOverlay } from './bond-id.js';
import { type BridgePort, withVlans } from './bridge-port.js';
import { isEnd, Uses } from './ends.js';
import { type Overlay, OverlayView, sameOverlay, shapeOf } from './overlay.js';

/** More ports than any host has; a guest may send in 4,094 VLANs of each. */
const MAX_DERIVED = 262_144;

/**
 * The host's devices, folded from link events, under an overlay of those that another switch keeps. Bounded by the
 * kernel's own table, and the overlay.
 */
export class Topology {
  private readonly kernel = { links: new Map<number, LinkEvent>(), byName: new Map<string, number>() };
  private readonly links = this.kernel.links;
  private readonly byName = this.kernel.byName;
  private readonly uses = new Uses();
  private readonly ports = new Map<number, BridgePort>();
  /** What follows from the shape of the host (`shapeOf`), by what it says; emptied when that changes. */
  readonly derived = new LruMap<string, unknown>(MAX_DERIVED);
  private overlay = new OverlayView(this.kernel);
  private watched: ReadonlySet<string> | null = null;
  private unconfirmed: { links: Set<number>; ports: Set<number> } | null = null;

  /** Leaves the bonds of other names alone; 'auto': none. Whoever keeps something in step with the bonds has to look again. */
  watchOnly(bonds: 'auto' | readonly string[]): void {
    this.watched = bonds === 'auto' ? null : new Set(bonds);
    this.derived.clear();
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

  /**
   * The devices whose ways a change of this one may change, where those are few: itself, and the other end of a cable;
   * null: nobody knows. To be asked before the change and after it.
   */
  concernedBy(ifindex: number): readonly number[] | null {
    if (!this.overlay.isEmpty || !isEnd(this.links, this.uses, ifindex)) return null;
    const link = this.links.get(ifindex);
    return link && link.lower !== null && otherKind(link) === 'veth' ? [ifindex, link.lower] : [ifindex];
  }

  /** Replaces the devices over the kernel's. @returns whether ways, or names of devices, may be different now */
  setOverlay(overlay: Overlay): boolean {
    const changed = !sameOverlay(this.overlay.all, overlay);
    this.overlay = new OverlayView(this.kernel, overlay);
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
        return this.dropLink(event.ifindex);
      case 'bridgePort':
        this.unconfirmed?.ports.delete(event.ifindex);
        return this.putPort(event.ifindex, event.state, event.vlans);
      case 'bridgePortGone':
        return this.ports.delete(event.ifindex);
      case 'portVlans':
        return this.putVlans(event);
      default:
        return false;
    }
  }

  private putLink(event: LinkEvent): boolean {
    const held = this.link(event.ifindex);
    if (held && held.name !== event.name) this.dropLink(event.ifindex);
    this.uses.replace(this.links.get(event.ifindex), event);
    this.links.set(event.ifindex, event);
    this.byName.set(event.name, event.ifindex);
    const moved = event.bridgePortState !== null && this.putPort(event.ifindex, event.bridgePortState, null);
    const same = held && this.watches(held.name) === this.watches(event.name);
    const renamed = held?.name !== event.name && (this.overlay.names(held?.name) || this.overlay.names(event.name));
    const seen = this.overlay.seen(event);
    return moved || renamed || !same || !isDeepStrictEqual(shapeOf(held), shapeOf(seen));
  }

  private dropLink(ifindex: number): boolean {
    const name = this.links.get(ifindex)?.name;
    if (name !== undefined && this.byName.get(name) === ifindex) this.byName.delete(name);
    this.uses.replace(this.links.get(ifindex), undefined);
    return this.links.delete(ifindex);
  }

  private putPort(ifindex: number, state: number | null, vlans: readonly VlanRange[] | null): boolean {
    const held = this.ports.get(ifindex);
    const states = held?.states ?? [];
    return this.setPort(ifindex, { state: state ?? held?.state ?? null, vlans: vlans ?? held?.vlans ?? [], states });
  }

  /** A port that leaves its bridge loses its VLANs last: it is no port any more then. */
  private putVlans(event: PortVlansEvent): boolean {
    const { ifindex, gone } = event;
    const held = this.ports.get(ifindex);
    if (!held && gone) return false;
    const bridge = this.links.get(this.links.get(ifindex)?.master ?? 0)?.details;
    const mst = bridge?.type === 'bridge' && bridge.mst === true;
    return this.setPort(ifindex, withVlans(held ?? { state: null, vlans: [] }, event, mst));
  }

  private setPort(ifindex: number, port: BridgePort): boolean {
    if (isDeepStrictEqual(this.ports.get(ifindex), port)) return false;
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
    for (const ifindex of links) changed = this.dropLink(ifindex) || changed;
    for (const ifindex of ports) changed = this.ports.delete(ifindex) || changed;
    if (changed) this.derived.clear();
    return changed;
  }

  link(ifindex: number | null): LinkEvent | undefined {
    if (ifindex === null) return undefined;
    if (isOverlay(ifindex)) return this.overlay.device(ifindex);
    const link = this.links.get(ifindex);
    return link && this.overlay.seen(link);
  }

  /** A bond goes before any other device of its name, and of two the kernel's. */
  linkByName(name: string): LinkEvent | undefined {
    const found = [this.link(this.byName.get(name) ?? null), ...this.overlay.visible()].filter(
      (link) => link?.name === name,
    );
    return found.find((link) => link?.details.type === 'bond') ?? found[0];
  }

  /** The kernel's devices come last. */
  *allLinks(): Generator<LinkEvent> {
    yield* this.overlay.visible();
    for (const link of this.links.values()) yield this.overlay.seen(link);
  }

  /** The device by which an interface of the overlay is known now: the kernel's of its name, or the overlay's own. */
  deviceOf(ifindex: number): number {
    return this.overlay.deviceOf(ifindex);
  }

  port(ifindex: number): BridgePort | undefined {
    const link = this.links.get(ifindex);
    return this.overlay.port(link ?? ifindex) ?? this.ports.get(ifindex);
  }

  /** The devices enslaved to a bridge or bond. */
  slavesOf(master: number): readonly LinkEvent[] {
    return this.groupedBy('master', master);
  }

  /** The devices stacked on `lower`: VLAN devices, macvlans. A veth and its peer each count as above the other. */
  devicesAbove(lower: number): readonly LinkEvent[] {
    return this.groupedBy('lower', lower);
  }

  private groupedBy(by: 'master' | 'lower', other: number): LinkEvent[] {
    const groups = this.memo(by, () => {
      const byOther = new Map<number | null, number[]>();
      for (const link of this.allLinks()) {
        const group = byOther.get(link[by]);
        if (group) group.push(link.ifindex);
        else byOther.set(link[by], [link.ifindex]);
      }
      return byOther;
    });
    return (groups.get(other) ?? []).flatMap((ifindex) => this.link(ifindex) ?? []);
  }

  /** The device beneath a stack of VLAN devices: itself if it is none, undefined where the stack leads nowhere. */
  beneathVlans(ifindex: number): LinkEvent | undefined {
    let link = this.link(ifindex);
    const passed = new Set<number>(); // no kernel stacks them in a ring, but a message may say so
    while (link?.details.type === 'vlan' && !passed.has(link.ifindex)) {
      passed.add(link.ifindex);
      link = this.link(link.lower);
    }
    return link && !passed.has(link.ifindex) ? link : undefined;
  }

  /** A fact computed from the topology, kept until the topology changes. `key` names it and its arguments. */
  memo<T extends NonNullable<unknown> | null>(key: string, compute: () => T): T {
    const held = this.derived.get(key) as T | undefined;
    if (held !== undefined) return held;
    const value = compute();
    this.derived.set(key, value);
    return value;
  }
}
