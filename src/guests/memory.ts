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
 * guests that moved. Bounded by `limit` MACs, of which the one that left longest ago goes first.
 */
export class Memory {
  /** In the order of their last departure. */
  private readonly byMac = new Map<Mac, Remembered[]>();

  constructor(private readonly limit: number) {}

  /** A sighting stands no more. @returns the MACs that are forgotten for it */
  departed(sighting: Sighting, now: number): Mac[] {
    const others = this.of(sighting.mac).filter((each) => !samePort(each.sighting, sighting));
    this.byMac.delete(sighting.mac);
    this.byMac.set(sighting.mac, [...others, { sighting, lastSeen: now }].slice(-PLACES_PER_MAC));
    const forgotten: Mac[] = [];
    for (const oldest of this.byMac.keys()) {
      if (this.byMac.size <= this.limit) break;
      this.byMac.delete(oldest);
      forgotten.push(oldest);
    }
    return forgotten;
  }

  /** Takes in what was remembered before; of a place that is remembered already, the memory at hand counts. */
  restore(places: readonly Remembered[]): void {
    const held = [...this.byMac.values()].flat();
    const added = places.filter(
      ({ sighting }) => !this.of(sighting.mac).some((each) => samePort(each.sighting, sighting)),
    );
    this.byMac.clear();
    const inOrder = [...held, ...added].sort((a, b) => a.lastSeen - b.lastSeen);
    for (const { sighting, lastSeen } of inOrder) this.departed(sighting, lastSeen);
  }

  /** What is remembered of a MAC, the latest last. */
  of(mac: Mac): readonly Remembered[] {
    return this.byMac.get(mac) ?? [];
  }

  macs(): IterableIterator<Mac> {
    return this.byMac.keys();
  }

  /** Forgets what `unwanted` picks of a MAC's places. */
  forget(mac: Mac, unwanted: (sighting: Sighting) => boolean): void {
    const places = this.of(mac);
    const kept = places.filter(({ sighting }) => !unwanted(sighting));
    if (kept.length === places.length) return;
    if (kept.length > 0) this.byMac.set(mac, kept);
    else this.byMac.delete(mac);
  }

  /** Forgets the MACs that were last seen before `time`. @returns those MACs */
  expire(time: number): Mac[] {
    const expired: Mac[] = [];
    for (const [mac, places] of this.byMac) {
      if ((places.at(-1)?.lastSeen ?? 0) >= time) continue; // not in order: a later place may have been forgotten
      expired.push(mac);
      this.byMac.delete(mac);
    }
    return expired;
  }
}

/** Whether two sightings of a MAC say that it is at the same place. */
export function samePort(a: Sighting, b: Sighting): boolean {
  return a.device === b.device && a.bridge === b.bridge && a.vlan === b.vlan;
}
