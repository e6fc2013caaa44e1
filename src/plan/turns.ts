import { type Ip, isIpv4 } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { BondId } from '../topology/bond-id.js';
import { addressKey, type Tag } from '../frames/ethernet.js';
import type { FrameKind, GarpForm } from '../config/config.js';
import { ARP_REPLY, ARP_REQUEST, encodeGratuitousArp } from '../frames/arp.js';
import type { GroupReport } from '../frames/group-records.js';
import { encodeUnsolicitedNa } from '../frames/nd.js';
import { encodeReport } from '../groups/reports.js';

/** A MAC, and how its frames leave the bond. */
export interface Place {
  readonly mac: Mac;
  readonly tags: readonly Tag[];
}

/** An address of a guest, as far as an announcement cares. */
export interface Address {
  readonly ip: Ip;
  /** The Router flag for a Neighbor Advertisement. */
  readonly router: boolean;
  /** When its guest last claimed it, or who knows it said so: monotonic clock, seconds. */
  readonly lastSeen: number;
  /** Why it is not announced now; null: it is. */
  readonly withheld: string | null;
}

/** Who is announced on a bond, at the moment of asking. A key names a MAC and a stack of tags. */
export interface Announceable {
  keys(): Iterable<string>;
  /** The guest's RARP frame, kept ready; null when it is not announced any more. */
  rarp(key: string): Uint8Array | null;
  /** Null when it is not announced any more. */
  place(key: string): Place | null;
  /** @param now monotonic clock, seconds */
  addresses(place: Place, now: number): readonly Address[];
  /** What the station reports of its multicast groups, each in one frame. @param now monotonic clock, seconds */
  reports(place: Place, now: number): readonly GroupReport[];
  /** Whether guests are not announced only because their bridge's port does not forward yet, or they are not judged yet. */
  waiting(): boolean;
}

/** What a station reports of its multicast groups at an exit. @param now monotonic clock, seconds */
export type ReportsOf = (bond: BondId, place: Place, now: number) => readonly GroupReport[];

/** One frame's place in a queue: the frame of a guest, or of one of its addresses. */
export interface Turn {
  readonly id: string;
  readonly kind: FrameKind;
  /** Whose: a MAC and the tags it leaves with. */
  readonly key: string;
  /** The address that it is about; null for RARP, and for reports of groups. */
  readonly ip: Ip | null;
  /** Which of the reports of its groups it is, of as many as they are then. */
  readonly part?: number;
  /** Whether it is a gratuitous ARP in the form of a reply. */
  readonly reply?: true;
}

/** A frame whose turn it is. */
export interface DueFrame {
  readonly turn: Turn;
  readonly bytes: Uint8Array;
}

export function rarpTurn(key: string): Turn {
  return { id: key, kind: 'rarp', key, ip: null };
}

/** A turn of a frame that tells of an address. */
type AddressTurn = Turn & { readonly kind: 'garp' | 'na' };

/** The frames that tell of an address: ARP for IPv4, in one form or two, Neighbor Discovery for IPv6. */
export function addressTurns(key: string, ip: Ip, garp: GarpForm): AddressTurn[] {
  const id = addressKey(key, ip);
  if (!isIpv4(ip)) return [{ id, kind: 'na', key, ip }];
  const request: AddressTurn = { id, kind: 'garp', key, ip };
  if (garp === 'request') return [request];
  const reply: AddressTurn = { ...request, id: `${id} reply`, reply: true };
  return garp === 'reply' ? [reply] : [request, reply];
}

/** The frames by which a guest reports its groups. */
export function reportTurns(guests: Announceable, key: string, now: number): Turn[] {
  const place = guests.place(key);
  const reports = place ? guests.reports(place, now) : [];
  return reports.map((_, part) => ({ id: `${key} ${part}`, kind: 'mcast', key, ip: null, part }));
}

/** The addresses of a guest that are announced now. */
export function announcedAddresses(guests: Announceable, key: string, now: number): readonly Address[] {
  const place = guests.place(key);
  return place ? guests.addresses(place, now).filter(({ withheld }) => withheld === null) : [];
}

/**
 * The bytes of a frame whose turn it is, as the guest's frames leave now.
 * @returns null when it may not be sent any more: the guest is not announced now, or the address is not its own
 */
export function bytesNow(turn: Turn, guests: Announceable, now: number): Uint8Array | null {
  const { kind, key, ip, reply } = turn;
  if (kind === 'mcast') return reportNow(turn, guests, now);
  if (kind === 'rarp' || ip === null) return guests.rarp(key);
  const place = guests.place(key);
  const address = announcedAddresses(guests, key, now).find((each) => each.ip === ip);
  if (!place || !address) return null;
  if (kind === 'garp') return encodeGratuitousArp(place.mac, ip, place.tags, reply ? ARP_REPLY : ARP_REQUEST);
  return encodeUnsolicitedNa(place.mac, ip, address.router, place.tags);
}

function reportNow({ key, part = 0 }: Turn, guests: Announceable, now: number): Uint8Array | null {
  const place = guests.place(key);
  const report = place && guests.reports(place, now)[part];
  return place && report ? encodeReport(place.mac, report, place.tags) : null;
}

/** That a station outside asks for an address, in a frame with these tags. */
export interface Question {
  readonly ip: Ip;
  readonly tags: readonly Tag[];
}

/** Who announces an address. Bounded by the guests and addresses of a bond, each once. */
export class Holders {
  /** By address, the keys of guests: more than one where several VLANs have the same addresses. */
  private readonly keys = new Map<Ip, string | Set<string>>();

  note(ip: Ip, key: string): void {
    const held = this.keys.get(ip);
    if (held instanceof Set) held.add(key);
    else if (held !== key) this.keys.set(ip, held === undefined ? key : new Set([held, key]));
  }

  of(ip: Ip): readonly string[] {
    const held = this.keys.get(ip) ?? [];
    return typeof held === 'string' ? [held] : [...held];
  }

  clear(): void {
    this.keys.clear();
  }
}

/**
 * Those who wait for their turn, each once, in the order in which they came. Whoever had a turn and comes again stands
 * behind everyone else, so the last one gets a turn too. Bounded by the guests and addresses of a bond.
 */
export class TurnQueue<T extends Pick<Turn, 'id'>> {
  private readonly waiting = new Map<string, T>();
  /** Those who go before the others, in the order in which they were called forward. */
  private readonly ahead = new Map<string, T>();
  /** Goes along with `waiting`, so that finding the first does not step over all who have left. */
  private order = this.waiting.values();
  private first: T | undefined;
  /** Those who were called and could not be served: the next one last. */
  private readonly calledBefore: T[] = [];

  get size(): number {
    return this.waiting.size + this.ahead.size + this.calledBefore.length;
  }

  /** Stands at the end of the queue, unless it waits already. */
  join(who: T): void {
    if (this.calledBefore.some(({ id }) => id === who.id) || this.waits(who.id)) return;
    this.waiting.set(who.id, who);
  }

  /** Goes before all who have not been called forward, if it waits. @returns whether it does so now, and did not before */
  callForward(id: string): boolean {
    const who = this.waiting.get(id);
    if (!who) return false;
    this.waiting.delete(id);
    if (this.first === who) this.first = undefined;
    this.ahead.set(id, who);
    return true;
  }

  /** Whose turn is next. */
  head(): T | undefined {
    const called = this.calledBefore.at(-1) ?? this.firstAhead();
    if (called || this.waiting.size === 0) return called;
    return (this.first ??= this.nextInOrder());
  }

  /** The head has had its turn. */
  shift(): void {
    if (this.calledBefore.pop()) return;
    const called = this.firstAhead();
    if (called) return void this.ahead.delete(called.id);
    if (this.first) this.waiting.delete(this.first.id);
    this.first = undefined;
  }

  /** Those who were called, in the order in which they were, and could not be served: they are next. */
  putBack(called: readonly T[]): void {
    this.calledBefore.push(...[...called].reverse().filter(({ id }) => !this.waits(id)));
  }

  /** Nobody waits any more. */
  clear(): void {
    this.waiting.clear();
    this.ahead.clear();
    this.first = undefined;
    this.calledBefore.length = 0;
  }

  private waits(id: string): boolean {
    return this.waiting.has(id) || this.ahead.has(id);
  }

  private firstAhead(): T | undefined {
    return this.ahead.size === 0 ? undefined : this.ahead.values().next().value;
  }

  private nextInOrder(): T | undefined {
    const next = this.order.next();
    if (!next.done) return next.value;
    this.order = this.waiting.values(); // an iterator that has ended does not see who came after
    return this.order.next().value;
  }
}
