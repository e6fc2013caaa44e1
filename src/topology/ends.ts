import type { LinkEvent } from '../kernel/events.js';
import { isMacvlan, otherKind } from '../kernel/link.js';

/** Devices by which frames go on, whatever is above them or beneath. */
const ON_THE_WAY = new Set(['internal', 'openvswitch', 'patch']);

/** Which devices stand on a device: its slaves, and what is stacked on it; of a veth, its peer. Bounded by the kernel's table. */
export class Uses {
  private readonly users = new Map<number, Set<number>>();

  /** Takes one state of a device in place of another. */
  replace(before: LinkEvent | undefined, after: LinkEvent | undefined): void {
    if (before && before.master === after?.master && before.lower === after.lower) return;
    for (const used of usedBy(before)) {
      const users = this.users.get(used);
      users?.delete(before?.ifindex ?? 0);
      if (users?.size === 0) this.users.delete(used);
    }
    if (!after) return;
    for (const used of usedBy(after)) {
      const users = this.users.get(used);
      if (users) users.add(after.ifindex);
      else this.users.set(used, new Set([after.ifindex]));
    }
  }

  of(ifindex: number): Iterable<number> {
    return this.users.get(ifindex) ?? [];
  }
}

function usedBy(link: LinkEvent | undefined): number[] {
  return [link?.master, link?.lower].filter((used) => typeof used === 'number');
}

/**
 * Whether the way of nobody's frames leads past a device but that of who is behind it: a guest's tap, a veth to another
 * namespace, a macvtap, hardware in no bond. True for one that is not there. Whatever changes about it concerns nobody
 * else; what it becomes has to be asked as well.
 */
export function isEnd(links: ReadonlyMap<number, LinkEvent>, uses: Uses, ifindex: number): boolean {
  const link = links.get(ifindex);
  if (![...uses.of(ifindex)].every((user) => isPeer(links.get(user), ifindex))) return false;
  if (!link) return true;
  const { details, master, lower, bondSlaveActive } = link;
  const isInBond = bondSlaveActive !== null || (master !== null && links.get(master)?.details.type !== 'bridge');
  if (details.type !== 'other' || isInBond || ON_THE_WAY.has(details.kind ?? '')) return false;
  if (master === null) return true;
  if (otherKind(link) !== 'veth') return !isMacvlan(link);
  const peer = links.get(lower ?? 0);
  return !peer || (peer.master === null && [...uses.of(peer.ifindex)].every((user) => user === ifindex));
}

/** Whether a device is the other end of a cable. */
function isPeer(link: LinkEvent | undefined, ifindex: number): boolean {
  return otherKind(link) === 'veth' && link?.lower === ifindex;
}
