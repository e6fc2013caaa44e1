import type { Mac } from '../addr/mac.js';
import { LruMap } from '../lru-map.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { furtherPlaces, Shares } from '../shares.js';

/**
 * Identifies where a source says a MAC is: one place a bridge and VLAN, since a bridge knows only one. Each source has
 * places of its own, so that what one takes back the others still say.
 */
function placeOf({ source, bridge, vlan, device }: Sighting): string {
  return bridge === null ? `${source} device ${device}` : `${source} bridge ${bridge} ${vlan}`;
}

/**
 * Everything the sources say of MAC addresses, guests and others. Bounded by `limit` addresses: a newcomer beyond it
 * is turned away, so that inventing addresses pushes nobody out.
 */
export class GuestTable {
  private readonly byMac = new Map<Mac, Map<string, Sighting>>();
  private readonly unconfirmed = new Map<Source, Set<Sighting>>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.byMac.size;
  }

  macs(): IterableIterator<Mac> {
    return this.byMac.keys();
  }

  sightings(mac: Mac): readonly Sighting[] {
    return [...(this.byMac.get(mac)?.values() ?? [])];
  }

  /** What is held of the same MAC, bridge and VLAN. */
  held(sighting: Sighting): Sighting | undefined {
    return this.byMac.get(sighting.mac)?.get(placeOf(sighting));
  }

  /** Takes a sighting in; a newer one of the same source, MAC, bridge and VLAN replaces it. */
  add(sighting: Sighting): 'unchanged' | 'changed' | 'full' {
    let places = this.byMac.get(sighting.mac);
    if (!places) {
      if (this.byMac.size >= this.limit) return 'full';
      this.byMac.set(sighting.mac, (places = new Map<string, Sighting>()));
    }
    const place = placeOf(sighting);
    const held = places.get(place);
    if (held) this.unconfirmed.get(held.source)?.delete(held);
    if (held?.device === sighting.device) return 'unchanged';
    places.set(place, sighting);
    return 'changed';
  }

  /** Takes a sighting back, if it still stands. @returns whether it did */
  remove(sighting: Sighting): boolean {
    const places = this.byMac.get(sighting.mac);
    const place = placeOf(sighting);
    const held = places?.get(place);
    if (!places || held?.device !== sighting.device) return false;
    places.delete(place);
    this.unconfirmed.get(held.source)?.delete(held); // what comes in its place is not to go with the dump
    if (places.size === 0) this.byMac.delete(sighting.mac);
    return true;
  }

  /** Before a source is read anew: what it does not repeat is to go with `finishDump`. */
  startDump(source: Source): void {
    const held = [...this.byMac.values()].flatMap((places) => [...places.values()]);
    this.unconfirmed.set(source, new Set(held.filter((sighting) => sighting.source === source)));
  }

  /** @returns the sightings that went */
  finishDump(source: Source): Sighting[] {
    const gone = [...(this.unconfirmed.get(source) ?? [])].filter((sighting) => this.remove(sighting));
    this.unconfirmed.delete(source);
    return gone;
  }
}

/** Where a MAC was, and until when: monotonic clock, seconds. */
export interface Remembered {
  readonly sighting: Sighting;
  readonly lastSeen: number;
}

/**
 * Where MACs were that a bridge does not list there any more: guests that fell silent until their entry aged out, and
 * guests that moved. Bounded by `limit` MACs that were on a guest's port and as many others, each of which the one that
 * left longest ago goes first: so the rest of the network, however large, pushes no guest out. A MAC has a place in each
 * VLAN that it used; of those beyond the first of each MAC there is room for `furtherPlaces(limit)`, and of too many the
 * MAC that has most loses its oldest.
 */
export class Memory {
  /** In the order of their last departure. */
  private readonly guests: LruMap<Mac, Remembered[]>;
  private readonly others: LruMap<Mac, Remembered[]>;
  private readonly shares: Shares<Mac>;

  /**
   * @param isGuests whether a sighting was on a guest's port
   * @param cut called for each place that had to go for others
   */
  constructor(
    limit: number,
    private readonly isGuests: (sighting: Sighting) => boolean,
    private readonly cut: (sighting: Sighting) => void = () => undefined,
  ) {
    this.guests = new LruMap(limit);
    this.others = new LruMap(limit);
    this.shares = new Shares(furtherPlaces(limit));
  }

  /** Whether there is no room for further places, so that who was in many VLANs is not remembered in all. */
  get isFull(): boolean {
    return this.shares.isFull;
  }

  /** A sighting stands no more. @returns the MACs of which less is remembered for it */
  departed(sighting: Sighting, now: number): Mac[] {
    const others = this.of(sighting.mac).filter((each) => !samePort(each.sighting, sighting));
    const forgotten = this.put(sighting.mac, [...others, { sighting, lastSeen: now }]);
    return this.shares.isOver ? [...forgotten, ...this.makeRoom()] : forgotten;
  }

  /** Takes the oldest place of whoever has most, one on a guest's port rather than the word that it left. */
  private makeRoom(): Mac[] {
    const mac = this.shares.greediest();
    const places = mac === undefined ? [] : this.of(mac);
    const oldest = places.find(({ sighting }) => this.isGuests(sighting)) ?? places[0];
    if (mac === undefined || !oldest) return [];
    this.cut(oldest.sighting);
    return [mac, ...this.forget(mac, (sighting) => sighting === oldest.sighting)];
  }

  /** Takes in what was remembered before; of a place that is remembered already, the memory at hand counts. */
  restore(places: readonly Remembered[]): void {
    const held = [...this.guests.values(), ...this.others.values()].flat();
    const added = places.filter(
      ({ sighting }) => !this.of(sighting.mac).some((each) => samePort(each.sighting, sighting)),
    );
    this.guests.clear();
    this.others.clear();
    this.shares.clear();
    const inOrder = [...held, ...added].sort((a, b) => a.lastSeen - b.lastSeen);
    for (const { sighting, lastSeen } of inOrder) this.departed(sighting, lastSeen);
  }

  /** What is remembered of a MAC, the latest last. */
  of(mac: Mac): readonly Remembered[] {
    return this.guests.get(mac) ?? this.others.get(mac) ?? [];
  }

  *macs(): Generator<Mac> {
    yield* this.guests.keys();
    yield* this.others.keys();
  }

  /**
   * Forgets what `unwanted` picks of a MAC's places.
   * @returns the MACs that are forgotten for one that was a guest and is none any more
   */
  forget(mac: Mac, unwanted: (sighting: Sighting) => boolean): Mac[] {
    const places = this.of(mac);
    const kept = places.filter(({ sighting }) => !unwanted(sighting));
    if (kept.length === places.length) return [];
    const map = this.guests.has(mac) ? this.guests : this.others;
    if (kept.length > 0 && map === this.guests && !this.isGuest(kept)) return this.put(mac, kept);
    this.shares.set(mac, kept.length);
    if (kept.length > 0) map.replace(mac, kept);
    else map.delete(mac);
    return [];
  }

  /** Has places of a MAC be others, as `to` says (null: as it is). @returns whether it had such */
  move(mac: Mac, to: (sighting: Sighting) => Sighting | null): boolean {
    const places = this.of(mac);
    const moved = places.map(({ sighting, lastSeen }) => ({ sighting: to(sighting) ?? sighting, lastSeen }));
    if (moved.every(({ sighting }, n) => sighting === places[n]?.sighting)) return false;
    const isLast = ({ sighting }: Remembered, n: number): boolean =>
      !moved.slice(n + 1).some((later) => samePort(later.sighting, sighting));
    (this.guests.has(mac) ? this.guests : this.others).replace(mac, moved.filter(isLast));
    return true;
  }

  /** Forgets the MACs that were last seen before `time`. @returns those MACs */
  expire(time: number): Mac[] {
    const expired: Mac[] = [];
    for (const map of [this.guests, this.others]) {
      for (const [mac, places] of map) {
        if ((places.at(-1)?.lastSeen ?? 0) >= time) continue; // not in order: a later place may have been forgotten
        expired.push(mac);
        map.delete(mac);
        this.shares.set(mac, 0);
      }
    }
    return expired;
  }

  private put(mac: Mac, places: Remembered[]): Mac[] {
    this.guests.delete(mac);
    this.others.delete(mac);
    const map = this.isGuest(places) ? this.guests : this.others;
    this.shares.set(mac, places.length);
    const forgotten = map.put(mac, places).map(([each]) => each);
    for (const each of forgotten) this.shares.set(each, 0);
    return forgotten;
  }

  private isGuest(places: readonly Remembered[]): boolean {
    return places.some(({ sighting }) => this.isGuests(sighting));
  }
}

/** Whether two sightings of a MAC say that it is at the same place. */
export function samePort(a: Sighting, b: Sighting): boolean {
  return a.device === b.device && a.bridge === b.bridge && a.vlan === b.vlan;
}

/** Whose verdicts may have changed, for those who keep something in step with them. Bounded by the MACs that are known. */
export class Changes {
  private stale: Set<Mac> | 'all' = 'all';
  /** Differs from an earlier value when something has changed since. */
  count = 0;

  touch(mac: Mac): void {
    this.count++;
    if (this.stale !== 'all') this.stale.add(mac);
  }

  touchAll(): void {
    this.count++;
    this.stale = 'all';
  }

  /** Whether everything may have changed. */
  get isAll(): boolean {
    return this.stale === 'all';
  }

  /** @returns what was touched since the last call */
  take(): ReadonlySet<Mac> | 'all' {
    const stale = this.stale;
    this.stale = new Set();
    return stale;
  }
}
