import { stackKey, type Tag } from '../frames/ethernet.js';
import type { Evidence } from '../standby/cross-check.js';
import type { BondId } from '../topology/bond-id.js';
import { isOverlay } from '../topology/bond-id.js';
import { type Bond, servedBonds, standbyLinks } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { FromSnoopThread, ToSnoopThread } from './snoop-messages.js';

/** What is known of the links of one bond. Bounded by what the listening thread keeps. */
interface Links {
  readonly active: number | null;
  readonly listened: readonly number[];
  /** By link: why it cannot be listened on. */
  readonly deaf: Map<number, string>;
  /** By link and stack of tags. */
  readonly evidence: Map<string, Evidence>;
}

/** Has the listening thread listen on the links that are not active, and keeps what it tells of them. */
export class StandbyLinks {
  private readonly bonds = new Map<BondId, Links>();

  /** @param wanted whether they are to be listened on */
  constructor(
    private readonly topology: Topology,
    private readonly order: (order: ToSnoopThread & { type: 'standby' }) => void,
    private readonly wanted: () => boolean,
  ) {}

  /** Listens on the links of these bonds as they are now: on those with carrier, as long as there is an active one. */
  follow(watched: ReadonlyMap<BondId, unknown>): void {
    const bonds = this.wanted() ? servedBonds(this.topology).filter(({ ifindex }) => watched.has(ifindex)) : [];
    const there = new Set(bonds.map(({ ifindex }) => ifindex));
    for (const bond of [...this.bonds.keys()])
      if (!there.has(bond)) {
        if (watched.has(bond)) this.order({ type: 'standby', bond, active: null, links: [] });
        this.bonds.delete(bond);
      }
    for (const bond of bonds) this.followBond(bond);
  }

  /** The bond is not listened on any more, or anew. */
  forget(bond: BondId): void {
    this.bonds.delete(bond);
  }

  heard({ bond, evidence }: FromSnoopThread & { type: 'standby' }): void {
    const links = this.bonds.get(bond);
    for (const each of evidence)
      if (links?.listened.includes(each.link)) links.evidence.set(keyOf(each.link, each.tags), each);
  }

  cannotHear({ bond, link, reason }: FromSnoopThread & { type: 'standbyDeaf' }): void {
    this.bonds.get(bond)?.deaf.set(link, reason);
  }

  /** Whether a link is listened on, and if not, why: null where its carrier or its bond is the reason. */
  listening(bond: BondId, link: number): { readonly on: boolean; readonly reason: string | null } {
    const links = this.bonds.get(bond);
    const reason = links?.deaf.get(link) ?? null;
    return { on: reason === null && (links?.listened.includes(link) ?? false), reason };
  }

  evidence(bond: BondId, link: number, tags: readonly Tag[]): Evidence | undefined {
    return this.bonds.get(bond)?.evidence.get(keyOf(link, tags));
  }

  private followBond(bond: Bond): void {
    const { ifindex, activeSlave } = bond;
    const active = activeSlave?.ifindex ?? null;
    const standby = standbyLinks(bond).filter((link) => link.lowerUp && !isOverlay(link.ifindex));
    const listened = active === null ? [] : standby.map((link) => link.ifindex).sort((a, b) => a - b);
    const held = this.bonds.get(ifindex);
    const same = held?.active === active && held.listened.join() === listened.join();
    if (same && held.deaf.size === 0) return;
    const evidence = new Map(held && held.active === active ? held.evidence : []);
    for (const [key, { link }] of evidence) if (!listened.includes(link)) evidence.delete(key);
    this.bonds.set(ifindex, { active, listened, deaf: new Map(), evidence });
    this.order({ type: 'standby', bond: ifindex, active, links: listened });
  }
}

const keyOf = (link: number, tags: readonly Tag[]): string => `${link}${stackKey(tags)}`;
