import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Heard } from '../sources/snoop.js';
import type { BondId, Exit } from '../topology/bond-id.js';
import { addressKey, exitKey, frameKey } from '../frames/ethernet.js';
import type { CutReason } from './cuts.js';
import { furtherPlaces, MAX_VLANS, Shares } from '../shares.js';
import { isWithin } from './reflections.js';
import { SmallMap } from '../addr/small-map.js';
import { LruMap } from '../lru-map.js';

/** What a station was heard to say of its being a router or a host. */
export interface RouterSigns {
  /** When it was first heard there: monotonic clock, seconds. */
  readonly since: number;
  /** The Router flag as it last sent it; false after a Router Solicitation, which only hosts send; null: unknown. */
  readonly router: boolean | null;
  /** Whether it has ever sent a Router Advertisement. */
  readonly advertised: boolean;
}

/** An exit at which a station was heard, and when last: monotonic clock, seconds. */
export interface HeardExit extends Exit, RouterSigns {
  /** When its frames were last seen leaving by it; -Infinity for never. */
  readonly out: number;
  /** When one last left that the station itself must have sent. */
  readonly proof: number;
  /** When they were last seen coming in by it. */
  readonly in: number;
  /** When they first came in by it since one left that is a proof. */
  readonly inSince: number;
  /** The addresses that it claimed there, and when last; the one that waits longest for a confirmation first. */
  readonly addresses: Iterable<readonly [Ip, number]> & { readonly size: number };
}

type OpenExit = { -readonly [K in keyof HeardExit]: HeardExit[K] } & { readonly addresses: SmallMap<Ip, number> };

/** The exits of a station, by their keys. */
class Exits extends SmallMap<string, OpenExit> {
  /** By which bond it has left last, and when. */
  lastBond: BondId | null = null;
  lastAt = -Infinity;
}

/** A frame that passed a bond for the first time. */
type Passed = Heard & { readonly direction: 'out' | 'in' };

/** What the book may hold. */
interface BookLimits {
  readonly macs: number;
  /** IP addresses of one MAC at one exit. */
  readonly addresses: number;
}

/** Which limit was met. Closed set: it is a label of metrics. */
export type EvictionReason = CutReason | 'addresses-per-guest';

/** So many exits are held of one MAC that is known to be a guest: it may be in every VLAN. */
const EXITS_PER_MAC = MAX_VLANS;

/** And so many of one that is not. */
const EXITS_PER_STRANGER = 64;

/** So many MACs are held that are not known to be guests: the bridge's message may be on its way, or they are inventions. */
const MAX_STRANGERS = 1024;

/**
 * What was heard on the bonds: who spoke, at which exit, and which addresses were claimed. An address belongs to whoever
 * claimed it last, on either side of the bond. Bounded by its limits: of too many MACs the one that spoke longest ago
 * goes, of too many addresses the one that was claimed longest ago. Of the exits of guests beyond the first of each there
 * are `furtherPlaces(macs)` in all, and of too many the MAC that has most loses its newest. MACs that are not known to be
 * guests have limits of their own, so that inventing them pushes nobody else out.
 */
export class HeardBook {
  /** The exits at which each MAC was heard, by their keys: of MACs that are known to be guests, and of others. */
  private readonly known: LruMap<Mac, Exits>;
  private readonly strangers = new LruMap<Mac, Exits>(MAX_STRANGERS);
  /** Who holds an address, by exit and address. */
  private readonly holders = new Map<string, Mac>();
  /** How many exits each guest has. */
  private readonly shares: Shares<Mac>;
  private evicted = 0;

  /**
   * @param limits may be others later, but for `macs`: of too many addresses the oldest go with the next that is claimed
   * @param onForget called with each MAC that had to make room, with an exit or with all
   * @param onCut called with each exit of a guest that had to make room, or was turned away
   * @param onSaid called with each MAC that has other addresses now, or is a router or a host
   */
  constructor(
    public limits: BookLimits,
    private readonly onForget: (mac: Mac) => void,
    private readonly onCut: (mac: Mac, exit: string) => void = () => undefined,
    private readonly onSaid: (mac: Mac) => void = () => undefined,
  ) {
    this.known = new LruMap(limits.macs);
    this.shares = new Shares(furtherPlaces(limits.macs));
  }

  /**
   * Applies what was heard on a bond.
   * @param known whether the MAC is known to be, or to have been, on this side
   * @param left when a bridge last gave up a port of it: it may have been on the uplink until then
   * @returns whether it is news for who is announced: an exit or bond at which the MAC was not heard last, or a turn of direction
   */
  apply(bond: BondId, heard: Passed, at: number, { known, left }: { known: boolean; left: number }): boolean {
    const key = exitKey({ bond, tags: heard.tags });
    const exit = this.open(heard.mac, { bond, tags: heard.tags }, { known, at, cameIn: heard.direction === 'in' });
    if (!exit) return false;
    const turns =
      heard.direction === 'out' ? heard.proof && exit.proof <= Math.max(exit.in, left) : exit.in <= exit.proof;
    const turnsBond = heard.direction === 'out' && heard.proof && this.left(heard.mac, bond, at);
    const news = turns || turnsBond || (heard.direction === 'out' && exit.out === -Infinity);
    if (heard.direction === 'in' && turns) exit.inSince = at;
    exit[heard.direction] = at;
    if (heard.direction === 'out') {
      if (heard.proof) exit.proof = at;
      this.note(heard.mac, exit, heard.router ?? exit.router, exit.advertised || heard.raSent);
      for (const ip of heard.claims) this.claim(exit, key, heard.mac, ip, at);
      for (const ip of heard.confirms) if (exit.addresses.delete(ip)) exit.addresses.set(ip, at);
    } else for (const ip of heard.claims) this.release(key, ip);
    this.giveUp(key, heard);
    return news;
  }

  /**
   * A station that is no guest claims addresses: whoever held them holds them no more.
   * @param reflected whether it may be a guest's own frame that came back, which takes no address from that guest
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
  confirm(exit: Exit, mac: Mac, ip: Ip, at: number): void {
    const addresses = this.exitsOf(mac)?.get(exitKey(exit))?.addresses;
    if (addresses?.delete(ip)) addresses.set(ip, at);
  }

  /** What was heard of a MAC since `time` may have been another's word: that it has this address, and that it is a host. */
  doubt(mac: Mac, ip: Ip, time: number): void {
    for (const [key, exit] of this.exitsOf(mac) ?? []) {
      if (exit.out < time) continue;
      this.note(mac, exit, null, exit.advertised);
      if (exit.addresses.has(ip)) this.release(key, ip);
    }
  }

  /** What a station says of its being a router or a host. */
  private note(mac: Mac, exit: OpenExit, router: boolean | null, advertised: boolean): void {
    if (exit.router === router && exit.advertised === advertised) return;
    [exit.router, exit.advertised] = [router, advertised];
    this.onSaid(mac);
  }

  /** The addresses that had to go for others since the last call: why. */
  takeEvictions(): readonly EvictionReason[] {
    const reasons = Array.from({ length: this.evicted }, () => 'addresses-per-guest' as const);
    this.evicted = 0;
    return reasons;
  }

  /** The exits at which a MAC was heard. */
  of(mac: Mac): readonly HeardExit[] {
    return [...(this.exitsOf(mac)?.values() ?? [])];
  }

  /** What was heard of a MAC at one exit. */
  at(mac: Mac, exit: Exit): HeardExit | undefined {
    return this.exitsOf(mac)?.get(exitKey(exit));
  }

  /** Takes in what an earlier run has heard, of the MACs of which nothing was heard yet. */
  restore(mac: Mac, exits: readonly HeardExit[]): void {
    if (this.exitsOf(mac) || this.known.size >= this.limits.macs) return;
    for (const { addresses, ...saved } of exits) {
      const key = exitKey(saved);
      const exit = this.open(mac, saved, { known: true, at: saved.since, cameIn: saved.in > saved.proof });
      if (!exit) continue;
      Object.assign(exit, saved);
      if (saved.proof > -Infinity) this.left(mac, exit.bond, saved.proof);
      for (const [ip, at] of addresses) if (!this.holders.has(addressKey(key, ip))) this.claim(exit, key, mac, ip, at);
    }
  }

  /**
   * Frames that came in within the window after a failover are reflections, unless more came before or after.
   * @returns the MACs of which one went
   */
  forgetIncoming(bond: BondId, failover: number): Mac[] {
    const macs: Mac[] = [];
    for (const [mac, exits] of this.entries()) {
      for (const exit of exits.values()) {
        if (exit.bond !== bond || !isWithin(exit.inSince, failover) || !isWithin(exit.in, failover)) continue;
        exit.in = -Infinity;
        macs.push(mac);
      }
    }
    return macs;
  }

  /** The bonds are not listened on any more: who has an address now is unknown. */
  forgetAddresses(): void {
    for (const [mac, exits] of this.entries()) {
      this.onSaid(mac);
      for (const { addresses } of exits.values()) addresses.clear();
    }
    this.holders.clear();
  }

  /** A bond was made anew: what was heard on the one before was heard on it. @returns the MACs that this concerns */
  bondMadeAnew(from: BondId, to: BondId): Mac[] {
    const macs: Mac[] = [];
    for (const [mac, exits] of this.entries()) {
      const theirs = [...exits].filter(([, { bond }]) => bond === from);
      for (const [key, exit] of theirs) this.moveExit(mac, exits, { key, exit }, to);
      if (theirs.length > 0) macs.push(mac);
    }
    return macs;
  }

  /** What was heard on the new bond already counts more. */
  private moveExit(
    mac: Mac,
    exits: Exits,
    { key, exit }: { readonly key: string; readonly exit: OpenExit },
    bond: BondId,
  ): void {
    const next = exitKey({ bond, tags: exit.tags });
    this.releaseAll([[key, exit]]);
    exits.delete(key);
    if (exits.has(next)) return void (this.known.has(mac) && this.shares.set(mac, exits.size));
    exit.bond = bond;
    exits.set(next, exit);
    for (const ip of [...exit.addresses.keys()])
      if (this.holders.has(addressKey(next, ip))) exit.addresses.delete(ip);
      else this.holders.set(addressKey(next, ip), mac);
  }

  /** The MAC is known to be on this side from now on, so that inventions push it out no more. */
  adopt(mac: Mac): void {
    const exits = this.strangers.get(mac);
    const [exit] = exits?.values() ?? [];
    if (exit) this.open(mac, exit, { known: true, at: exit.since, cameIn: exit.in > exit.proof });
  }

  /** Nothing is known of the MAC any more. */
  forget(mac: Mac): void {
    this.releaseAll(this.exitsOf(mac));
    this.known.delete(mac);
    this.strangers.delete(mac);
    this.shares.set(mac, 0);
  }

  /** Whether there is no room for further exits, so that who is in many VLANs is not known in all. */
  get isFull(): boolean {
    return this.shares.isFull;
  }

  /** A station has left by a bond. @returns whether it may have left by another last */
  private left(mac: Mac, bond: BondId, at: number): boolean {
    const exits = this.exitsOf(mac);
    if (!exits) return false;
    const last = exits.lastBond;
    if (last === null || last === bond || at > exits.lastAt) [exits.lastBond, exits.lastAt] = [bond, at];
    return last !== null && last !== bond;
  }

  private open(
    mac: Mac,
    { bond, tags }: Exit,
    { known, at, cameIn }: { known: boolean; at: number; cameIn: boolean },
  ): OpenExit | null {
    const key = exitKey({ bond, tags });
    const exits = this.exitsOf(mac) ?? new Exits();
    const wasKnown = this.known.delete(mac);
    this.strangers.delete(mac);
    for (const [gone, theirs] of (known ? this.known : this.strangers).put(mac, exits)) {
      this.releaseAll(theirs);
      this.shares.set(gone, 0);
      this.onForget(gone);
    }
    if (known !== wasKnown) this.shares.set(mac, known ? exits.size : 0);
    const held = exits.get(key);
    if (held) return held;
    if (!(known ? this.makeRoom(mac, exits.size, cameIn) : exits.size < EXITS_PER_STRANGER)) {
      if (known) this.onCut(mac, key);
      return null;
    }
    const never = { out: -Infinity, proof: -Infinity, in: -Infinity, inSince: -Infinity };
    const signs = { since: at, router: null, advertised: false };
    const exit = { bond, tags, ...never, ...signs, addresses: new SmallMap<Ip, number>() };
    exits.set(key, exit);
    if (known) this.shares.set(mac, exits.size);
    return exit;
  }

  /**
   * Makes room for one more exit of a MAC that has `count`. Whoever has most loses one; the MAC itself does when it came in
   * there, because that it is elsewhere counts more.
   * @returns whether there is room
   */
  private makeRoom(mac: Mac, count: number, cameIn: boolean): boolean {
    const isFull = count >= EXITS_PER_MAC;
    if (!isFull && (count === 0 || !this.shares.isFull)) return true;
    const greediest = this.shares.greediest();
    const yields = !isFull && greediest !== undefined && this.shares.of(greediest) > count + 1;
    if (yields) return this.cutNewest(greediest);
    return cameIn && this.cutNewest(mac);
  }

  /** Takes a MAC's newest exit by which it was not heard coming in last. @returns whether there is one */
  private cutNewest(mac: Mac): boolean {
    const exits = this.known.get(mac) ?? new Exits();
    const newest = [...exits].reverse().find(([, exit]) => exit.in <= exit.proof);
    if (!newest) return false;
    this.releaseAll([newest]);
    exits.delete(newest[0]);
    this.shares.set(mac, exits.size);
    this.onForget(mac);
    this.onCut(mac, newest[0]);
    return true;
  }

  private exitsOf(mac: Mac): Exits | undefined {
    return this.known.get(mac) ?? this.strangers.get(mac);
  }

  private *entries(): Generator<[Mac, Exits]> {
    yield* this.known;
    yield* this.strangers;
  }

  private releaseAll(exits: Iterable<readonly [string, OpenExit]> | undefined): void {
    for (const [key, { addresses }] of exits ?? []) {
      for (const ip of addresses.keys()) this.holders.delete(addressKey(key, ip));
    }
  }

  private claim(exit: OpenExit, key: string, mac: Mac, ip: Ip, at: number): void {
    if (this.holders.get(addressKey(key, ip)) !== mac) this.release(key, ip);
    if (!exit.addresses.delete(ip)) this.onSaid(mac);
    exit.addresses.set(ip, at);
    this.holders.set(addressKey(key, ip), mac);
    for (const oldest of exit.addresses.keys()) {
      if (exit.addresses.size <= this.limits.addresses) return;
      this.release(key, oldest);
      this.evicted++;
    }
  }

  private release(key: string, ip: Ip): void {
    const holder = this.holders.get(addressKey(key, ip));
    if (holder === undefined) return;
    this.holders.delete(addressKey(key, ip));
    this.exitsOf(holder)?.get(key)?.addresses.delete(ip);
    this.onSaid(holder);
  }
}

/** So many addresses that a stranger claims tell whether it is the host itself. */
const CLAIMS = 16;

/** What a station said by an exit since it was last settled who is known there. */
export interface Said extends Exit {
  readonly mac: Mac;
  /** When its first frame left, and its last: monotonic clock, seconds. */
  readonly since: number;
  readonly out: number;
  /** The addresses that it claimed. */
  readonly claims: readonly Ip[];
}

/**
 * A frame that proves its sender may make him a guest by itself; one that comes in ends what he had begun.
 * @param explained who is known where he was heard, by the keys of frames @param pending what is not settled yet
 * @param at monotonic clock, seconds
 */
export function noteSaid(
  { explained, pending }: { readonly explained: LruMap<string, true>; readonly pending: LruMap<string, Said> },
  bond: BondId,
  { mac, tags, direction, claims, proof }: Heard,
  at: number,
): void {
  const key = frameKey({ mac, bond, tags });
  if (direction === 'in') pending.delete(key);
  if (direction !== 'out' || explained.has(key) || !proof) return;
  const before = pending.get(key);
  const all = before ? [...new Set([...before.claims, ...claims])].slice(-CLAIMS) : claims;
  pending.set(key, { mac, bond, tags, since: before?.since ?? at, out: at, claims: all });
}
