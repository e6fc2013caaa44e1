import { type Ip, isIpv4, isLinkLocal } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import { exitKey, type Tag } from '../frames/ethernet.js';
import type { Family, GroupMessage, GroupReport } from '../frames/group-records.js';
import { solicitedNodeGroup } from '../frames/mld.js';
import { UNSPECIFIED } from '../frames/nd.js';
import { LruMap } from '../lru-map.js';
import { Shares } from '../shares.js';
import { after, hasLeft, isReported, type Membership } from './membership.js';
import { LATEST, Queriers } from './queriers.js';
import { reportsOf } from './reports.js';

/** A MAC, and the exit by which its frames leave. */
interface Station {
  readonly mac: Mac;
  readonly bond: number;
  readonly tags: readonly Tag[];
}

/** So many groups of one guest in one VLAN are kept, over IPv4 and IPv6 each; of more, the one that was reported longest ago goes. */
export const GROUPS_PER_GUEST = 60;

/** So many MACs are held that were not announced when they reported: newcomers, or inventions. */
const MAX_STRANGERS = 1024;

/** What a station is in, over IPv4 or over IPv6. */
interface Held {
  /** The address that it reported from last. */
  source: Ip;
  /** The one that was reported longest ago first. */
  readonly groups: LruMap<Ip, Membership>;
}

/** Which limit was met. Closed set: it is a label of metrics. */
type GroupEviction = 'groups-per-guest' | 'groups';

/**
 * The multicast groups that stations have reported on their way out. Bounded by how many stations there are, by
 * GROUPS_PER_GUEST, and by how many groups all may be in beyond one each: of too many, one of whoever is in most goes, so
 * that who invents groups, MACs or VLANs costs himself.
 */
export class GroupTable {
  /** By MAC, then by family and exit. */
  private readonly known: LruMap<Mac, Map<string, Held>>;
  private readonly strangers = new LruMap<Mac, Map<string, Held>>(MAX_STRANGERS);
  private readonly queriers = new Queriers();
  /** How many groups each MAC is in, in all VLANs. */
  private readonly shares: Shares<Mac>;
  private evicted: GroupEviction[] = [];

  /** @param stations how many of those that are announced may be held; beyond one each they may be in twice as many groups */
  constructor(stations: number) {
    this.known = new LruMap(stations);
    this.shares = new Shares(2 * stations);
  }

  /**
   * Takes in a report that has left by a bond, or a query that has passed it.
   * @param isKnown whether the station is announced @param at monotonic clock, seconds
   */
  heard(station: Station, message: GroupMessage, isKnown: boolean, at: number): void {
    if (message.type === 'query') this.queriers.heard(exitKey(station), message, at);
    else this.report(station, message, isKnown, at);
  }

  /**
   * The frames by which a station reports what it is in, as it has reported that. An IPv6 address alone makes its station a
   * member of the address's solicited-node group (RFC 4291 section 2.8), unless it was heard to leave that.
   * @param addresses those that the station is known to have
   * @param now monotonic clock, seconds
   */
  reports(station: Station, addresses: readonly Ip[], now: number): GroupReport[] {
    const exit = exitKey(station);
    const exits = this.of(station.mac);
    const own = addresses.filter((ip) => !isIpv4(ip));
    if (!exits && own.length === 0) return [];
    const all: GroupReport[] = [];
    for (const family of [4, 6] as const) {
      const held = exits?.get(`${family} ${exit}`);
      const groups = new Map(this.live(held, family, exit, now));
      const byAddress = { mode: 'exclude', sources: [], version: LATEST[family] } as const;
      for (const group of family === 6 ? own.map(solicitedNodeGroup) : [])
        if (!held?.groups.has(group)) groups.set(group, { ...byAddress, at: now });
      const source = held?.source ?? own.find(isLinkLocal) ?? UNSPECIFIED;
      all.push(...reportsOf(family, source, groups, this.queriers.version(exit, family, now)));
    }
    return all;
  }

  /** The groups that a station has reported, of each family. @param now monotonic clock, seconds */
  groupsOf(station: Station, now: number): Ip[] {
    const exit = exitKey(station);
    const exits = this.of(station.mac);
    return ([4, 6] as const).flatMap((family) =>
      [...this.live(exits?.get(`${family} ${exit}`), family, exit, now)].map(([group]) => group),
    );
  }

  /** The groups that had to go for others since the last call: why. */
  takeEvictions(): readonly GroupEviction[] {
    const { evicted } = this;
    this.evicted = [];
    return evicted;
  }

  private report(station: Station, report: GroupReport, isKnown: boolean, at: number): void {
    const { mac } = station;
    const exit = exitKey(station);
    const { family, version, source, records } = report;
    const exits = this.of(mac) ?? new Map<string, Held>();
    const key = `${family} ${exit}`;
    const held = exits.get(key) ?? { source, groups: new LruMap<Ip, Membership>(GROUPS_PER_GUEST) };
    held.source = source;
    const isLive = this.isLive(family, exit, at);
    for (const record of records) {
      const before = held.groups.get(record.group);
      const next = after(before && isLive(before) ? before : undefined, record, { version, at });
      if (!next) held.groups.delete(record.group);
      else if (isReported(record.group))
        for (const [, gone] of held.groups.put(record.group, next))
          if (isLive(gone)) this.evicted.push('groups-per-guest');
    }
    if (held.groups.size > 0) exits.set(key, held);
    else exits.delete(key);
    this.hold(mac, exits, isKnown);
  }

  private hold(mac: Mac, exits: Map<string, Held>, isKnown: boolean): void {
    this.known.delete(mac);
    this.strangers.delete(mac);
    this.count(mac, exits);
    if (exits.size === 0) return;
    for (const [gone] of (isKnown ? this.known : this.strangers).put(mac, exits)) this.shares.set(gone, 0);
    while (this.shares.isOver) this.cut(this.shares.greediest() ?? mac);
  }

  /** Takes from a MAC the group that it reported longest ago, in the VLAN that it came to last. */
  private cut(mac: Mac): void {
    const exits = this.of(mac) ?? new Map<string, Held>();
    const [key, held] = [...exits].at(-1) ?? [];
    const [group] = held?.groups.keys() ?? [];
    if (held && group !== undefined) held.groups.delete(group);
    if (key !== undefined && held?.groups.size === 0) exits.delete(key);
    this.evicted.push('groups');
    this.count(mac, exits);
  }

  private count(mac: Mac, exits: ReadonlyMap<string, Held>): void {
    this.shares.set(
      mac,
      [...exits.values()].reduce((sum, { groups }) => sum + groups.size, 0),
    );
  }

  private of(mac: Mac): Map<string, Held> | undefined {
    return this.known.get(mac) ?? this.strangers.get(mac);
  }

  /** What a station is in by its own word, and for how long its word counts. */
  private live(held: Held | undefined, family: Family, exit: string, now: number): [Ip, Membership][] {
    const isLive = this.isLive(family, exit, now);
    return [...(held?.groups ?? [])].filter(([, membership]) => isLive(membership) && !hasLeft(membership));
  }

  private isLive(family: Family, exit: string, now: number): (membership: Membership) => boolean {
    const interval = this.queriers.interval(exit, family);
    return ({ at }) => now - at < interval;
  }
}
