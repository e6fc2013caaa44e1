import type { Mac } from '../addr/mac.js';
import { MacsByDevice } from '../addr/macs-by-device.js';
import { TouchedMacs } from '../addr/touched-macs.js';
import { LruMap } from '../lru-map.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { MAX_STATIC_VLANS, StaticRows } from '../sources/static-rows.js';
import { furtherPlaces, Shares } from '../shares.js';
import { SmallMap } from '../addr/small-map.js';

/**
 * Identifies where a source says a MAC is: one place a bridge and VLAN, since a bridge knows only one. Each source has
 * places of its own, so that what one takes back the others still say.
 */
function placeOf({ source, bridge, vlan, device }: Sighting): string {
  return (bridge === null ? [source, 'device', device] : [source, bridge, vlan]).join(' '); // in one piece
}

/**
 * Everything the sources say of MAC addresses, guests and others. Bounded by `limit` addresses: a newcomer beyond it
 * is turned away, so that inventing addresses pushes nobody out. Static rows in every VLAN of a guest's port are one
 * sighting.
 */
export class GuestTable {
  private readonly byMac = new Map<Mac, SmallMap<string, Sighting>>();
  private readonly unconfirmed = new Map<Source, Set<Sighting>>();
  private readonly byDevice = new MacsByDevice();
  /** What each source says that is read whole. */
  private readonly declared = new Map<Source, Set<Sighting>>();
  /** null as long as no MAC has static rows in too many VLANs of a port. */
  private statics: StaticRows | null = null;

  /**
   * @param isGuests whether a sighting is on a guest's port
   * @param folded called with the sighting that stands from now on for the static rows of a MAC
   */
  constructor(
    private readonly limit: number,
    private readonly isGuests: (sighting: Sighting) => boolean = () => true,
    private readonly folded: (sighting: Sighting) => void = () => undefined,
  ) {}

  get size(): number {
    return this.byMac.size;
  }

  /** Whether there are MACs with static rows in too many VLANs. */
  get hasFolded(): boolean {
    return this.statics !== null;
  }

  macs(): IterableIterator<Mac> {
    return this.byMac.keys();
  }

  /** The MACs that a source has at a device. */
  macsAt(device: number): Iterable<Mac> {
    return this.byDevice.at(device);
  }

  sightings(mac: Mac): readonly Sighting[] {
    return [...this.rows(mac)];
  }

  private *rows(mac: Mac): Generator<Sighting> {
    yield* this.byMac.get(mac)?.values() ?? [];
    yield* this.statics?.of(mac) ?? [];
  }

  /** What is held of the same MAC, bridge and VLAN. */
  held(sighting: Sighting): Sighting | undefined {
    return this.byMac.get(sighting.mac)?.get(placeOf(sighting)) ?? this.statics?.held(sighting);
  }

  /** Takes in a row as one of many that stand in every VLAN of its port. @returns false for any other, which changes nothing */
  absorb(sighting: Sighting): boolean {
    return this.statics?.take(sighting, this.isFree) ?? false;
  }

  private readonly isFree = (sighting: Sighting): boolean => !this.held(sighting);

  /** Takes a sighting in; a newer one of the same source, MAC, bridge and VLAN replaces it. */
  add(sighting: Sighting): 'unchanged' | 'changed' | 'full' {
    if (this.absorb(sighting)) return 'unchanged';
    let places = this.byMac.get(sighting.mac);
    if (!places) {
      if (this.byMac.size >= this.limit) return 'full';
      this.byMac.set(sighting.mac, (places = new SmallMap()));
    }
    const place = placeOf(sighting);
    const held = places.get(place);
    if (held) this.unconfirmed.get(held.source)?.delete(held);
    if (held?.device === sighting.device) return 'unchanged';
    const before = this.statics?.held(sighting);
    places.set(place, sighting);
    this.came(sighting);
    if (held) this.went(held);
    if (before) this.removeStatic(before);
    if (sighting.fixed && (this.hasFolded || places.size > MAX_STATIC_VLANS)) this.fold(places, sighting);
    return 'changed';
  }

  /** The static rows of a MAC on a port become one sighting, where they are too many. */
  private fold(places: SmallMap<string, Sighting>, { source, mac, bridge, device }: Sighting): void {
    if (source !== 'fdb') return;
    const isOne = (each: Sighting): boolean =>
      each.fixed === true && each.vlan !== null && each.bridge === bridge && each.device === device;
    const rows = [...places].filter(([, each]) => isOne(each));
    const [first] = rows;
    const areTooMany = rows.length > MAX_STATIC_VLANS || (first && this.statics?.has(first[1]));
    if (!first || !areTooMany || !this.isGuests(first[1])) return;
    const unconfirmed = this.unconfirmed.get(source);
    const statics = (this.statics ??= new StaticRows());
    statics.fold(
      rows.map(([, row]) => row),
      (row) => unconfirmed?.delete(row) ?? false,
    );
    for (const [place] of rows) places.delete(place);
    for (const row of statics.of(mac)) if (row.bridge === bridge && row.device === device) this.folded(row);
  }

  /** The sighting by which a row is listed: itself, or the one that stands for it. */
  listed(row: Sighting): Sighting {
    const { mac, bridge, device } = row;
    const isIts = (each: Sighting): boolean => each.bridge === bridge && each.device === device;
    return this.statics?.held(row)?.device === device ? (this.statics.of(mac).find(isIts) ?? row) : row;
  }

  /** Takes a sighting back, if it still stands. @returns whether one that is listed went */
  remove(sighting: Sighting): boolean {
    const places = this.byMac.get(sighting.mac);
    if (!places) return false;
    const place = placeOf(sighting);
    const held = sighting.vlans ? undefined : places.get(place);
    if (held && held.device === sighting.device) {
      places.delete(place);
      this.went(held);
      this.unconfirmed.get(held.source)?.delete(held); // what comes in its place is not to go with the dump
    } else if (!this.removeStatic(sighting)) return false;
    this.forgetEmpty(sighting.mac, places);
    return true;
  }

  private came(row: Sighting): void {
    this.byDevice.add(row.device, row.mac);
    if (row.source === 'fdb' || row.source === 'ovs') return;
    const rows = this.declared.get(row.source);
    if (rows) rows.add(row);
    else this.declared.set(row.source, new Set([row]));
  }

  private went(row: Sighting): void {
    this.byDevice.leave(row.device, row.mac, this.rows(row.mac));
    this.declared.get(row.source)?.delete(row);
  }

  private forgetEmpty(mac: Mac, places: SmallMap<string, Sighting> | undefined): void {
    if (places?.size === 0 && (this.statics?.of(mac).length ?? 0) === 0) this.byMac.delete(mac);
  }

  /** @returns whether one that stands for static rows went */
  private removeStatic(row: Sighting): boolean {
    const gone = this.statics?.remove(row) ?? null;
    if (this.statics?.size === 0) this.statics = null;
    if (gone) this.went(row);
    return gone !== null;
  }

  /** Before a source is read anew: what it does not repeat is to go with `finishDump`. */
  startDump(source: Source): void {
    const rows = source === 'fdb' ? new Set<Sighting>() : new Set(this.declared.get(source));
    for (const places of source === 'fdb' ? this.byMac.values() : [])
      for (const row of places.values()) if (row.source === source) rows.add(row);
    this.unconfirmed.set(source, rows);
    if (source === 'fdb') this.statics?.startDump();
  }

  /** @returns the sightings that went */
  finishDump(source: Source): Sighting[] {
    const gone = [...(this.unconfirmed.get(source) ?? [])].filter((sighting) => this.remove(sighting));
    this.unconfirmed.delete(source);
    const folded = source === 'fdb' ? (this.statics?.finishDump() ?? []) : [];
    if (this.statics?.size === 0) this.statics = null;
    for (const row of folded) this.went(row);
    gone.push(...folded);
    for (const { mac } of gone) this.forgetEmpty(mac, this.byMac.get(mac));
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
  private readonly byDevice = new MacsByDevice();

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
    this.byDevice.clear();
    this.shares.clear();
    const inOrder = [...held, ...added].sort((a, b) => a.lastSeen - b.lastSeen);
    for (const { sighting, lastSeen } of inOrder) this.departed(sighting, lastSeen);
  }

  /** What is remembered of a MAC, the latest last. */
  of(mac: Mac): readonly Remembered[] {
    return this.guests.get(mac) ?? this.others.get(mac) ?? [];
  }

  /** The MACs that were at a device. */
  macsAt(device: number): Iterable<Mac> {
    return this.byDevice.at(device);
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
    this.changed(mac, places, kept);
    return [];
  }

  /** Has places of a MAC be others, as `to` says (null: as it is). @returns whether it had such */
  move(mac: Mac, to: (sighting: Sighting) => Sighting | null): boolean {
    const places = this.of(mac);
    const moved = places.map(({ sighting, lastSeen }) => ({ sighting: to(sighting) ?? sighting, lastSeen }));
    if (moved.every(({ sighting }, n) => sighting === places[n]?.sighting)) return false;
    const isLast = ({ sighting }: Remembered, n: number): boolean =>
      !moved.slice(n + 1).some((later) => samePort(later.sighting, sighting));
    const kept = moved.filter(isLast);
    (this.guests.has(mac) ? this.guests : this.others).replace(mac, kept);
    this.changed(mac, places, kept);
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
        this.changed(mac, places, []);
        this.shares.set(mac, 0);
      }
    }
    return expired;
  }

  private put(mac: Mac, places: Remembered[]): Mac[] {
    const before = this.of(mac);
    this.guests.delete(mac);
    this.others.delete(mac);
    const map = this.isGuest(places) ? this.guests : this.others;
    this.shares.set(mac, places.length);
    const forgotten = map.put(mac, places);
    this.changed(mac, before, places);
    for (const [each, theirs] of forgotten) {
      this.shares.set(each, 0);
      this.changed(each, theirs, []);
    }
    return forgotten.map(([each]) => each);
  }

  private changed(mac: Mac, before: readonly Remembered[], now: readonly Remembered[]): void {
    const left = now.map(({ sighting }) => sighting);
    for (const { device } of left) this.byDevice.add(device, mac);
    for (const { sighting } of before) this.byDevice.leave(sighting.device, mac, left);
  }

  private isGuest(places: readonly Remembered[]): boolean {
    return places.some(({ sighting }) => this.isGuests(sighting));
  }
}

/** Whether two sightings of a MAC say that it is at the same place. */
export function samePort(a: Sighting, b: Sighting): boolean {
  return a.device === b.device && a.bridge === b.bridge && a.vlan === b.vlan;
}

/** More MACs than that between two saves: then all are saved. */
const MAX_UNSAVED = 16_384;

/**
 * Whose verdicts may have changed, for those who keep something in step with them: MACs, whoever is at a device, or all.
 * Bounded by the MACs and devices that are known.
 */
export class Changes {
  private stale = new Set<Mac>();
  /** The devices at which somebody may be concerned. */
  readonly concerned = new Set<number>();
  /** Whether everything may have changed. */
  isAll = true;
  /** Of whom something else is to be kept: for whoever saves. */
  readonly unsaved = new TouchedMacs(MAX_UNSAVED);
  /** Differs from an earlier value when something has changed since. */
  count = 0;

  touch(mac: Mac): void {
    this.stale.add(mac);
    this.note(mac);
  }

  /** Something else is to be kept of a MAC, though its verdicts are the same. */
  note(mac: Mac): void {
    this.count++;
    this.unsaved.add(mac);
  }

  /** The ways of those at a device may be others. */
  touchAt(device: number): void {
    this.count++;
    this.concerned.add(device);
  }

  touchAll(): void {
    this.count++;
    this.isAll = true;
    this.unsaved.addAll();
  }

  /** @returns the MACs that were touched since the last call, and whether all were */
  take(): { readonly macs: ReadonlySet<Mac>; readonly all: boolean } {
    const taken = { macs: this.stale, all: this.isAll };
    this.stale = new Set();
    this.concerned.clear();
    this.isAll = false;
    return taken;
  }
}
