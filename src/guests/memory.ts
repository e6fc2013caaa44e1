import type { Mac } from '../addr/mac.js';
import type { Sighting } from '../sources/sighting.js';

/** Where a MAC was, and until when: monotonic clock, seconds. */
export interface Remembered {
  readonly sighting: Sighting;
  readonly lastSeen: number;
}

/** So many places of one MAC are remembered; a guest has one a VLAN, and one that wanders has been seen often enough. */
export const PLACES_PER_MAC = 16;

/**
 * Where MACs were that a bridge does not list there any more: guests that fell silent until their entry aged out, and
 * guests that moved. Bounded by `limit` MACs that were on a guest's port and as many others, each of which the one that
 * left longest ago goes first: so the rest of the network, however large, pushes no guest out.
 */
export class Memory {
  /** In the order of their last departure. */
  private readonly guests = new Map<Mac, Remembered[]>();
  private readonly others = new Map<Mac, Remembered[]>();

  /** @param isGuests whether a sighting was on a guest's port */
  constructor(
    private readonly limit: number,
    private readonly isGuests: (sighting: Sighting) => boolean,
  ) {}

  /** A sighting stands no more. @returns the MACs that are forgotten for it */
  departed(sighting: Sighting, now: number): Mac[] {
    const others = this.of(sighting.mac).filter((each) => !samePort(each.sighting, sighting));
    return this.put(sighting.mac, [...others, { sighting, lastSeen: now }].slice(-PLACES_PER_MAC));
  }

  /** Takes in what was remembered before; of a place that is remembered already, the memory at hand counts. */
  restore(places: readonly Remembered[]): void {
    const held = [...this.guests.values(), ...this.others.values()].flat();
    const added = places.filter(
      ({ sighting }) => !this.of(sighting.mac).some((each) => samePort(each.sighting, sighting)),
    );
    this.guests.clear();
    this.others.clear();
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
    if (kept.length > 0) map.set(mac, kept);
    else map.delete(mac);
    return [];
  }

  /** Forgets the MACs that were last seen before `time`. @returns those MACs */
  expire(time: number): Mac[] {
    const expired: Mac[] = [];
    for (const map of [this.guests, this.others]) {
      for (const [mac, places] of map) {
        if ((places.at(-1)?.lastSeen ?? 0) >= time) continue; // not in order: a later place may have been forgotten
        expired.push(mac);
        map.delete(mac);
      }
    }
    return expired;
  }

  private put(mac: Mac, places: Remembered[]): Mac[] {
    this.guests.delete(mac);
    this.others.delete(mac);
    const map = this.isGuest(places) ? this.guests : this.others;
    map.set(mac, places);
    const forgotten: Mac[] = [];
    for (const oldest of map.keys()) {
      if (map.size <= this.limit) break;
      map.delete(oldest);
      forgotten.push(oldest);
    }
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
