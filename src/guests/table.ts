import type { Mac } from '../addr/mac.js';
import type { Sighting, Source } from '../sources/sighting.js';

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
