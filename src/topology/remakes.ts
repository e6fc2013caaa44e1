import type { KernelEvent } from '../kernel/events.js';
import { asBond, type BondId } from './bond-id.js';

/**
 * Tells an administrator's hand on a bond from a link that fails: he takes the bond down, or a slave out of it. A network
 * service does both when it is to set the bond up again (`nmcli connection up`). The news of slaves that are no hardware
 * does not get to the failover thread (kernel/bpf/link-filter.ts). Bounded by the number of slaves on the host.
 */
export class Remakes {
  private readonly bondOf = new Map<number, number>();

  /** Takes in one event. @returns the bond that it shows somebody at work on, or null */
  apply(event: KernelEvent): BondId | null {
    if (event.type === 'linkGone') this.bondOf.delete(event.ifindex);
    if (event.type !== 'link') return null;
    const { ifindex, details, up, master, bondSlaveActive } = event;
    if (details.type === 'bond') return up ? null : asBond(ifindex);
    const before = this.bondOf.get(ifindex);
    if (bondSlaveActive !== null && master !== null) this.bondOf.set(ifindex, master);
    else if (before !== undefined) this.bondOf.delete(ifindex);
    return before === undefined || before === master ? null : asBond(before);
  }
}
