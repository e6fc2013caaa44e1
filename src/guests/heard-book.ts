import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Heard } from '../sources/heard.js';
import type { Exit } from '../topology/exits.js';
import { exitKey } from './exit-key.js';

/** A way by which a station was heard, and when last: monotonic clock, seconds. */
export interface HeardPlace extends Pick<Exit, 'bond' | 'tags'> {
  /** When its frames were last seen leaving by it; -Infinity for never. */
  out: number;
  /** When they were last seen coming in by it. */
  in: number;
  /** The addresses that it claimed there, and when last. */
  readonly addresses: Map<Ip, number>;
}

/** What the book may hold of one MAC. */
const PLACES_PER_MAC = 64;
const ADDRESSES_PER_PLACE = 16;

/**
 * What was heard on the bonds: who spoke, by which way, and which addresses were claimed. An address belongs to whoever
 * claimed it last, on either side of the bond. Bounded by `limit` MACs, of which the one that spoke longest ago goes
 * first, 64 ways a MAC and 16 addresses a way.
 */
export class HeardBook {
  /** In the order in which they spoke last. */
  private readonly byMac = new Map<Mac, Map<string, HeardPlace>>();
  /** Who holds an address, by way out and address. */
  private readonly holders = new Map<string, Mac>();

  constructor(private readonly limit: number) {}

  /**
   * Takes in what was heard on a bond.
   * @returns whether it is news for who is announced: a way by which nobody heard the MAC before, or a turn of direction
   */
  take(bond: number, heard: Heard, at: number): boolean {
    const key = exitKey({ bond, tags: heard.tags });
    const place = this.place(heard.mac, key, { bond, tags: heard.tags });
    if (!place) return false;
    const news = heard.direction === 'out' ? place.out <= place.in : place.in <= place.out;
    place[heard.direction] = at;
    for (const ip of heard.claims) this.claim(place, key, heard, ip, at);
    for (const ip of heard.releases) this.release(key, ip);
    return news;
  }

  /** An address is claimed: whoever held it, on this side or elsewhere, holds it no more. */
  releaseClaims(bond: number, { tags, claims }: Heard): void {
    for (const ip of claims) this.release(exitKey({ bond, tags }), ip);
  }

  /** The ways by which a MAC was heard. */
  of(mac: Mac): readonly HeardPlace[] {
    return [...(this.byMac.get(mac)?.values() ?? [])];
  }

  /** Frames that came in by a bond since `time` do not count: they are reflections. @returns the MACs of which one went */
  forgetIncoming(bond: number, time: number): Mac[] {
    const macs: Mac[] = [];
    for (const [mac, places] of this.byMac) {
      for (const place of places.values()) {
        if (place.bond !== bond || place.in < time) continue;
        place.in = -Infinity;
        macs.push(mac);
      }
    }
    return macs;
  }

  private place(mac: Mac, key: string, { bond, tags }: Pick<Exit, 'bond' | 'tags'>): HeardPlace | null {
    const places = this.byMac.get(mac) ?? new Map<string, HeardPlace>();
    this.byMac.delete(mac);
    this.byMac.set(mac, places);
    this.makeRoom();
    const held = places.get(key);
    if (held) return held;
    if (places.size >= PLACES_PER_MAC) return null;
    const place = { bond, tags, out: -Infinity, in: -Infinity, addresses: new Map<Ip, number>() };
    places.set(key, place);
    return place;
  }

  private makeRoom(): void {
    for (const [oldest, places] of this.byMac) {
      if (this.byMac.size <= this.limit) return;
      for (const [key, { addresses }] of places) for (const ip of addresses.keys()) this.holders.delete(`${key} ${ip}`);
      this.byMac.delete(oldest);
    }
  }

  private claim(place: HeardPlace, key: string, { mac, direction }: Heard, ip: Ip, at: number): void {
    if (this.holders.get(`${key} ${ip}`) !== mac || direction === 'in') this.release(key, ip);
    if (direction === 'in') return;
    if (place.addresses.size >= ADDRESSES_PER_PLACE && !place.addresses.has(ip)) return;
    place.addresses.set(ip, at);
    this.holders.set(`${key} ${ip}`, mac);
  }

  private release(key: string, ip: Ip): void {
    const holder = this.holders.get(`${key} ${ip}`);
    if (holder === undefined) return;
    this.holders.delete(`${key} ${ip}`);
    this.byMac.get(holder)?.get(key)?.addresses.delete(ip);
  }
}
