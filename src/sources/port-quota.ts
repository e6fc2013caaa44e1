import type { Mac } from '../addr/mac.js';
import type { Config } from '../config/config.js';
import { SmallMap } from '../addr/small-map.js';

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
  private readonly portsOf = new Map<Mac, SmallMap<number, true>>();

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
    this.portsOf.set(mac, (this.portsOf.get(mac) ?? new SmallMap<number, true>()).set(port, true));
    return eviction;
  }

  /** A MAC is known on these ports and no others. */
  keep(mac: Mac, ports: ReadonlySet<number>): void {
    for (const port of [...(this.portsOf.get(mac)?.keys() ?? [])]) if (!ports.has(port)) this.leave(mac, port);
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
    return this.portsOf.get(mac)?.size === 1;
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
    const ports = this.portsOf.get(mac);
    ports?.delete(port);
    if (ports?.size === 0) this.portsOf.delete(mac);
  }
}
