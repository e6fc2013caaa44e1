import type { Mac } from '../addr/mac.js';
import type { Config } from '../config/config.js';

/** How many MAC addresses there may be in all, and on a port. */
export type QuotaLimits = Pick<Config['guests']['limits'], 'total' | 'perPort'>;

/** Which limit was met. */
type QuotaReason = 'per-port' | 'total';

/** The answer to a newcomer: who has to go for it, and why; `evicted` is the newcomer itself when there is no room. */
interface Eviction {
  readonly reason: QuotaReason;
  readonly port: number;
  readonly mac: Mac;
  /** How many MACs there may be. */
  readonly limit: number;
}

/**
 * Limits the addresses behind guests' ports, so that a guest that invents some costs itself only. At a port's limit who
 * fell silent first makes room, else the newcomer goes; at that of all, the newest of the greediest port.
 */
export class PortQuota {
  /** The MACs of each port, in the order in which they were learned. */
  private readonly ports = new Map<number, Set<Mac>>();
  /** A number where a MAC is behind one port, as nearly all are: that takes no memory of its own. */
  private readonly portsOf = new Map<Mac, number | readonly number[]>();

  /** @param limits may be others later, for newcomers: who is there is turned out only when a newcomer takes his place */
  constructor(public limits: QuotaLimits) {}

  /** How many MACs there are in all. */
  get size(): number {
    return this.portsOf.size;
  }

  /** How many MACs there are on a port. */
  at(port: number): number {
    return this.ports.get(port)?.size ?? 0;
  }

  /**
   * A MAC is learned on a port.
   * @param isPresent whether a MAC of that port is known there now, not only remembered
   * @param perPort how many this port may have, where many guests are behind it
   * @returns what that costs; null when there is room
   */
  admit(mac: Mac, port: number, isPresent: (mac: Mac) => boolean, perPort = this.limits.perPort): Eviction | null {
    const macs = this.ports.get(port) ?? new Set<Mac>();
    if (macs.has(mac)) return null;
    const eviction = this.makeRoom(mac, { port, macs, perPort }, isPresent);
    if (eviction?.mac === mac) return eviction;
    if (eviction) this.leave(eviction.mac, eviction.port);
    this.ports.set(port, macs.add(mac));
    const others = this.portsBehind(mac);
    this.portsOf.set(mac, others.length === 0 ? port : [...others, port]);
    return eviction;
  }

  /** A MAC is known on these ports and no others. */
  keep(mac: Mac, ports: ReadonlySet<number>): void {
    for (const port of this.portsBehind(mac)) if (!ports.has(port)) this.leave(mac, port);
  }

  private makeRoom(
    mac: Mac,
    { port, macs, perPort }: { readonly port: number; readonly macs: ReadonlySet<Mac>; readonly perPort: number },
    isPresent: (mac: Mac) => boolean,
  ): Eviction | null {
    const { total } = this.limits;
    if (macs.size >= perPort) {
      const silent = [...macs].find((each) => !isPresent(each)) ?? mac;
      if (silent === mac || this.isOnlyThere(silent) || this.hasRoomFor(mac))
        return { reason: 'per-port', port, mac: silent, limit: perPort };
      return { reason: 'total', port, mac, limit: total };
    }
    if (this.hasRoomFor(mac)) return null;
    const [greedy, theirs] = this.greediest();
    const newest = [...theirs].reverse().find((each) => this.isOnlyThere(each));
    if (newest === undefined || theirs.size <= macs.size + 1) return { reason: 'total', port, mac, limit: total };
    return { reason: 'total', port: greedy, mac: newest, limit: total };
  }

  private hasRoomFor(mac: Mac): boolean {
    return this.portsOf.has(mac) || this.portsOf.size < this.limits.total;
  }

  /** Who is behind another port as well lives on when this one is taken away, and makes no room for others. */
  private isOnlyThere(mac: Mac): boolean {
    return typeof this.portsOf.get(mac) === 'number';
  }

  private greediest(): [number, ReadonlySet<Mac>] {
    let most: [number, ReadonlySet<Mac>] = [0, new Set()];
    for (const entry of this.ports) if (entry[1].size > most[1].size) most = entry;
    return most;
  }

  private leave(mac: Mac, port: number): void {
    const macs = this.ports.get(port);
    macs?.delete(mac);
    if (macs?.size === 0) this.ports.delete(port);
    const [first, ...further] = this.portsBehind(mac).filter((each) => each !== port);
    if (first === undefined) this.portsOf.delete(mac);
    else this.portsOf.set(mac, further.length === 0 ? first : [first, ...further]);
  }

  private portsBehind(mac: Mac): readonly number[] {
    const ports = this.portsOf.get(mac) ?? [];
    return typeof ports === 'number' ? [ports] : ports;
  }
}
