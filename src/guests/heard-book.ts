import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Heard } from '../sources/heard.js';
import type { BondId } from '../topology/bond-id.js';
import type { RouterSigns } from './addresses.js';
import { addressKey, type Exit, exitKey } from '../topology/keys.js';
import type { QuotaReason } from './port-quota.js';
import { isWithin } from './reflections.js';
import { Speakers } from './speakers.js';

/** A way by which a station was heard, and when last: monotonic clock, seconds. */
export interface HeardPlace extends Exit, RouterSigns {
  /** When its frames were last seen leaving by it; -Infinity for never. */
  readonly out: number;
  /** When they were last seen coming in by it. */
  readonly in: number;
  /** When they first came in by it since any was seen leaving by it. */
  readonly inSince: number;
  /** The addresses that it claimed there, and when last; the one that waits longest for a confirmation first. */
  readonly addresses: ReadonlyMap<Ip, number>;
}

type OpenPlace = { -readonly [K in keyof HeardPlace]: HeardPlace[K] } & { readonly addresses: Map<Ip, number> };

/** What the book may hold. */
export interface BookLimits {
  readonly macs: number;
  /** IP addresses of one MAC by one way. */
  readonly addresses: number;
}

/** Which limit was met. Closed set: it is a label of metrics. */
export type EvictionReason = QuotaReason | 'addresses-per-guest';

/** So many ways are held of one MAC. */
const PLACES_PER_MAC = 64;

/**
 * What was heard on the bonds: who spoke, by which way, and which addresses were claimed. An address belongs to whoever
 * claimed it last, on either side of the bond. Bounded by its limits: of too many MACs the one that spoke longest ago
 * goes, of too many addresses the one that was claimed longest ago; 64 ways a MAC. MACs that are not known to be guests have a
 * limit of their own, so that inventing them pushes nobody else out.
 */
export class HeardBook {
  /** The ways by which each MAC was heard, by their keys. */
  private readonly speakers: Speakers<Map<string, OpenPlace>>;
  /** Who holds an address, by way out and address. */
  private readonly holders = new Map<string, Mac>();
  private evicted = 0;
  private changed = 0;

  /** @param onForget is told of each MAC that had to make room */
  constructor(
    private limits: BookLimits,
    private readonly onForget: (mac: Mac) => void,
  ) {
    this.speakers = new Speakers(limits.macs);
  }

  /** Other limits: of too many addresses the oldest go with the next that is claimed. How many MACs there may be, stays. */
  configure({ addresses }: Pick<BookLimits, 'addresses'>): void {
    this.limits = { ...this.limits, addresses };
  }

  /**
   * Takes in what was heard on a bond.
   * @param known whether the MAC is known to be, or to have been, on this side
   * @param left when a bridge last gave up a place of it: it may have been on the uplink until then
   * @returns whether it is news for who is announced: a way by which nobody heard the MAC before, or a turn of direction
   */
  take(bond: BondId, heard: Heard, at: number, { known, left }: { known: boolean; left: number }): boolean {
    const key = exitKey({ bond, tags: heard.tags });
    const place = this.place(heard.mac, key, { bond, tags: heard.tags, known }, at);
    if (!place) return false;
    const news = heard.direction === 'out' ? place.out <= Math.max(place.in, left) : place.in <= place.out;
    if (heard.direction === 'in' && place.in <= place.out) place.inSince = at;
    place[heard.direction] = at;
    if (heard.direction === 'out') this.takeWords(place, key, heard, at);
    else for (const ip of heard.claims) this.release(key, ip);
    this.giveUp(key, heard);
    return news;
  }

  private takeWords(place: OpenPlace, key: string, heard: Heard, at: number): void {
    if (heard.router !== null) place.router = heard.router;
    if (heard.raSent) place.advertised = true;
    for (const ip of heard.claims) this.claim(place, key, heard.mac, ip, at);
  }

  /**
   * A frame whose sender is none of our business claims addresses: whoever held them, on this side or elsewhere, holds
   * them no more.
   * @param reflected whether it may be a guest's own frame that came back: that takes no address from the guest itself
   */
  releaseClaims(bond: BondId, heard: Heard, reflected: boolean): void {
    const key = exitKey({ bond, tags: heard.tags });
    for (const ip of heard.claims) {
      if (!reflected || this.holders.get(addressKey(key, ip)) !== heard.mac) this.release(key, ip);
    }
    this.giveUp(key, heard);
  }

  private giveUp(key: string, { mac, releases }: Heard): void {
    for (const ip of releases) if (this.holders.get(addressKey(key, ip)) === mac) this.release(key, ip);
  }

  /** Someone else has seen that an address is still the MAC's. One that is not, does not become so. */
  confirm(way: Exit, mac: Mac, ip: Ip, at: number): void {
    const place = this.speakers.get(mac)?.get(exitKey(way));
    if (!place?.addresses.delete(ip)) return;
    place.addresses.set(ip, at);
  }

  /** Differs from an earlier value when an address has changed hands since. */
  get changes(): number {
    return this.changed;
  }

  /** The addresses that had to go for others since the last call: why. */
  takeEvictions(): readonly EvictionReason[] {
    const reasons = Array.from({ length: this.evicted }, () => 'addresses-per-guest' as const);
    this.evicted = 0;
    return reasons;
  }

  /** The ways by which a MAC was heard. */
  of(mac: Mac): readonly HeardPlace[] {
    return [...(this.speakers.get(mac)?.values() ?? [])];
  }

  /** What was heard of a MAC by one way. */
  at(mac: Mac, way: Exit): HeardPlace | undefined {
    return this.speakers.get(mac)?.get(exitKey(way));
  }

  /** Takes in what an earlier run has heard, of the MACs of which nothing was heard yet. */
  restore(mac: Mac, places: readonly HeardPlace[]): void {
    if (this.speakers.get(mac) || this.speakers.isFull) return;
    for (const { addresses, ...saved } of places.slice(0, PLACES_PER_MAC)) {
      const key = exitKey(saved);
      const place = this.place(mac, key, { ...saved, known: true }, saved.since);
      if (!place) return;
      Object.assign(place, saved);
      for (const [ip, at] of addresses) if (!this.holders.has(addressKey(key, ip))) this.claim(place, key, mac, ip, at);
    }
  }

  /**
   * Frames that came in by a bond in the window after a failover do not count: they are reflections. But who was known
   * to be elsewhere before, or is heard after, is elsewhere.
   * @returns the MACs of which one went
   */
  forgetIncoming(bond: BondId, failover: number): Mac[] {
    const macs: Mac[] = [];
    for (const [mac, places] of this.speakers.entries()) {
      for (const place of places.values()) {
        if (place.bond !== bond || !isWithin(place.inSince, failover) || !isWithin(place.in, failover)) continue;
        place.in = -Infinity;
        macs.push(mac);
      }
    }
    return macs;
  }

  /** Nobody listens any more: who has an address now cannot be told. */
  forgetAddresses(): void {
    for (const [, places] of this.speakers.entries()) for (const { addresses } of places.values()) addresses.clear();
    this.holders.clear();
    this.changed++;
  }

  /** Nothing is known of the MAC any more. */
  forget(mac: Mac): void {
    this.releaseAll(this.speakers.get(mac));
    this.speakers.delete(mac);
  }

  private place(
    mac: Mac,
    key: string,
    { known, ...way }: Exit & { readonly known: boolean },
    at: number,
  ): OpenPlace | null {
    const places = this.speakers.get(mac) ?? new Map<string, OpenPlace>();
    for (const [gone, theirs] of this.speakers.spoke(mac, known, places)) {
      this.releaseAll(theirs);
      this.onForget(gone);
    }
    const held = places.get(key);
    if (held) return held;
    if (places.size >= PLACES_PER_MAC) return null;
    const place = { ...unheard(way), since: at };
    places.set(key, place);
    return place;
  }

  private releaseAll(places: ReadonlyMap<string, OpenPlace> | undefined): void {
    for (const [key, { addresses }] of places ?? []) {
      for (const ip of addresses.keys()) this.holders.delete(addressKey(key, ip));
    }
  }

  private claim(place: OpenPlace, key: string, mac: Mac, ip: Ip, at: number): void {
    if (this.holders.get(addressKey(key, ip)) !== mac) this.release(key, ip);
    if (!place.addresses.delete(ip)) this.changed++;
    place.addresses.set(ip, at);
    this.holders.set(addressKey(key, ip), mac);
    for (const oldest of place.addresses.keys()) {
      if (place.addresses.size <= this.limits.addresses) return;
      this.release(key, oldest);
      this.evicted++;
    }
  }

  private release(key: string, ip: Ip): void {
    const holder = this.holders.get(addressKey(key, ip));
    if (holder === undefined) return;
    this.holders.delete(addressKey(key, ip));
    this.speakers.get(holder)?.get(key)?.addresses.delete(ip);
    this.changed++;
  }
}

function unheard({ bond, tags }: Exit): Omit<OpenPlace, 'since'> {
  return {
    bond,
    tags,
    out: -Infinity,
    in: -Infinity,
    inSince: -Infinity,
    router: null,
    advertised: false,
    addresses: new Map<Ip, number>(),
  };
}
