import type { Mac } from '../addr/mac.js';
import { LruMap } from '../lru-map.js';
import type { Sighting } from '../sources/sighting.js';
import { MAX_STATIC_VLANS } from '../sources/static-rows.js';
import type { PortQuota } from '../sources/port-quota.js';

/** Which limit was met. Closed set: it is a label of metrics. */
export type CutReason = 'per-port' | 'total' | 'vlans' | 'static-vlans';

/** Who is not known, or not whole, because of a limit. */
export interface Cut {
  readonly reason: CutReason;
  /** The port that meets the limit, by ifindex, of several the last; null where none is known. */
  readonly port: number | null;
  /** The MAC that meets it, or of several the last that had to go. */
  readonly mac: Mac;
  /** How many MACs there may be, or how many VLANs beyond the first of each MAC, or with static rows of one MAC on a port. */
  readonly limit: number;
  /** How many MACs had to go since, or of one MAC how many VLANs; MAX_COUNTED stands for that and more. */
  readonly count: number;
}

interface OpenCut extends Omit<Cut, 'count'> {
  port: number | null;
  mac: Mac;
  limit: number;
  /** What had to go. */
  readonly gone: Set<string>;
  /** Whether it was met since somebody last looked, and when it was. */
  met: boolean;
  lastMet: number;
  told: boolean;
}

/** So many limits that are met are held; of more, the one that was met first goes. */
const MAX_CUTS = 64;

/** So many that had to go are told apart, of each. */
export const MAX_COUNTED = 4096;

/** A limit that nobody met for so many seconds, and that has room, is over. */
const QUIET = 600;

/** That static rows of a MAC on a port are too many. @param row the sighting that stands for them */
export function tooManyStatic({ mac, device: port }: Sighting): Omit<Cut, 'count'> {
  return { reason: 'static-vlans', port, mac, limit: MAX_STATIC_VLANS };
}

/** By what those are told apart that meet a limit. Whoever has static rows in every VLAN has them by one custom of the host's. */
function keyOf({ reason, port, mac }: Omit<Cut, 'count'>): string {
  if (reason === 'static-vlans') return reason;
  return `${reason} ${reason === 'vlans' ? mac : port}`;
}

/**
 * Who had to go because of a limit, by the port or MAC that met it, until there is room again and nobody met it for a
 * while. Bounded by MAX_CUTS of MAX_COUNTED each.
 */
export class Cuts {
  private readonly held = new LruMap<string, OpenCut>(MAX_CUTS);
  private readonly counted: CutReason[] = [];

  /**
   * Somebody had to go, or was turned away.
   * @param what that is; the same counts once
   * @returns whether it is new
   */
  note(cut: Omit<Cut, 'count'>, what: string): boolean {
    const { reason, port, mac, limit } = cut;
    const key = keyOf(cut);
    const begin = { gone: new Set<string>(), met: true, lastMet: -Infinity, told: false };
    const held = this.held.get(key) ?? { reason, port, mac, limit, ...begin };
    this.held.set(key, held);
    [held.port, held.mac, held.limit, held.met] = [port, mac, limit, true];
    if (held.gone.has(what) || held.gone.size >= MAX_COUNTED) return false;
    held.gone.add(what);
    return true;
  }

  /** As `note`, and counts what is new. */
  count(cut: Omit<Cut, 'count'>, what: string): void {
    if (this.note(cut, what)) this.counted.push(cut.reason);
  }

  /** What was counted since the last call. */
  takeCounted(): readonly CutReason[] {
    return this.counted.length === 0 ? this.counted : this.counted.splice(0);
  }

  all(): Cut[] {
    return [...this.held.values()].map(closed);
  }

  /**
   * To be called now and then.
   * @param hasRoom whether a limit is not met any more
   * @param now monotonic clock, seconds
   * @returns those that began since the last call, and those that are over
   */
  look(hasRoom: (cut: Cut) => boolean, now: number): { begun: Cut[]; over: Cut[] } {
    const [begun, over]: [Cut[], Cut[]] = [[], []];
    for (const [key, cut] of this.held) {
      if (cut.met) [cut.met, cut.lastMet] = [false, now];
      if (!cut.told) begun.push(closed(cut));
      cut.told = true;
      if (now - cut.lastMet < QUIET || !hasRoom(closed(cut))) continue;
      this.held.delete(key);
      over.push(closed(cut));
    }
    return { begun, over };
  }
}

const closed = ({ reason, port, mac, limit, gone }: OpenCut): Cut => ({ reason, port, mac, limit, count: gone.size });

/** Whether a limit is not met any more, as what it limits stands now. */
export function hasRoom(
  { reason, port, limit }: Cut,
  now: {
    readonly quota: PortQuota;
    /** Whether all that may be announced have a place. */
    readonly hasPlaces: () => boolean;
    /** Whether what was heard or remembered has no room for further places. */
    readonly isFull: boolean;
    readonly hasFolded: boolean;
  },
): boolean {
  const { quota } = now;
  if (reason === 'vlans') return !now.isFull && now.hasPlaces();
  if (reason === 'total') return quota.size < limit;
  if (reason === 'static-vlans') return !now.hasFolded;
  return quota.at(port ?? 0) < Math.max(limit, quota.limits.perPort); // it may be higher by now
}
