import type { KernelEvent } from '../kernel/events.js';
import { LruMap } from '../lru-map.js';
import type { Topology } from './topology.js';

/** A bridge or bond that was made anew under the name of one that was there before. Both are ifindexes. */
export interface Succession {
  readonly type: 'bridge' | 'bond';
  readonly from: number;
  readonly to: number;
}

/** So long a bond that is gone may be made anew, in seconds. */
const PATIENCE = 60;

/** More bridges and bonds than any host has; of more, the one that was named longest ago is forgotten. */
const MAX_NAMES = 4096;

/**
 * Knows a bridge or bond again by its name when it was deleted and made anew with another ifindex: a network service
 * that is restarted does that (ifupdown2, NetworkManager, wicked). Bounded by MAX_NAMES.
 */
export class Successors {
  private readonly named = new LruMap<string, number>(MAX_NAMES);
  private readonly next = new LruMap<number, number>(MAX_NAMES);
  /** When bonds went. */
  private readonly gone = new LruMap<number, number>(MAX_NAMES);

  /** To be called with every event, before the topology takes it in. @param now monotonic clock, seconds */
  precede(event: KernelEvent, topology: Topology, now: number): void {
    if (event.type === 'linkGone' && topology.link(event.ifindex)?.details.type === 'bond')
      this.gone.set(event.ifindex, now);
  }

  /** Whether a bond has gone so short a while ago that it may yet be made anew. @param now monotonic clock, seconds */
  awaits(bond: number, now: number): boolean {
    return now - (this.gone.get(bond) ?? -Infinity) <= PATIENCE;
  }

  /** To be called with every event, after the topology has taken it in. */
  follow(event: KernelEvent, topology: Topology): Succession | null {
    const type = event.type === 'link' ? event.details.type : null;
    if (event.type !== 'link' || (type !== 'bridge' && type !== 'bond')) return null;
    const { name, ifindex: to } = event;
    const from = this.named.get(`${type} ${name}`);
    if (from === to) return null;
    this.named.set(`${type} ${name}`, to);
    // In a dump the one before is there still, under its name; one that has another name now has no successor.
    const other = topology.link(from ?? null)?.name ?? name;
    if (from === undefined || other !== name) return null;
    this.next.delete(to); // an ifindex may be given again
    this.next.set(from, to);
    return { type, from, to };
  }

  /** The bridge or bond that has the name of this one now, by ifindex; itself where none has succeeded it. */
  current(ifindex: number): number {
    let current = ifindex;
    for (let to = this.next.get(current); to !== undefined; to = this.next.get(current)) current = to;
    return current;
  }
}
