import type { Mac } from '../addr/mac.js';
import { exitKey, frameKey } from '../frames/ethernet.js';
import { LruMap } from '../lru-map.js';
import type { BondId, Exit } from '../topology/bond-id.js';
import { Admission } from '../shares.js';
import type { HeardExit, Said } from './heard-book.js';

/** A station that was heard leaving by an exit of which no source knows it. */
export interface Speaker extends Exit {
  readonly mac: Mac;
  /** When it was heard leaving there last: monotonic clock, seconds. */
  readonly out: number;
  /** Whether there is room for it among those that are announced. */
  readonly admitted: boolean;
}

type OpenSpeaker = { -readonly [K in keyof Speaker]: Speaker[K] };

/** Which limit was met. Closed set: it is a label of metrics. */
export type SpeakerReason = 'heard';

/** Of all MACs that may be held, one in so many may be one that only was heard: they leave room for guests. */
const SHARE = 16;

/** So many stations are announced because they were heard, each at each exit. */
export const MAX_ADMITTED = 4096;

/** So many more are held, to be named. */
const MAX_WAITING = 1024;

/** So many may speak for the first time between two settlements. */
const MAX_PENDING = 16_384;

/** Frames that a station sent while a source knew it may be read so many seconds after that source's last word. */
const ON_THE_WAY = 2;

/**
 * Who was heard leaving by the bonds without a source that knows them there. A frame counts only if no source knew its
 * sender when it left: what a guest said before its port went is no sign of it afterwards. Bounded: MAX_ADMITTED that
 * are announced, MAX_WAITING beyond, MAX_PENDING that are not judged yet; and of those that sources know, or refused, as
 * many as `limit`.
 */
export class Speakers {
  private readonly open = new Map<string, OpenSpeaker>();
  /** Those that are held, by the keys of their frames. */
  readonly held: ReadonlyMap<string, Speaker> = this.open;
  private readonly keysOf = new Map<Mac, Set<string>>();
  private readonly admission: Admission;
  /** Who spoke since the last settlement, but for who is `explained`: a source's word on them may be on its way. */
  readonly pending = new LruMap<string, Said>(MAX_PENDING);
  /** Who was heard where a source knows him. */
  readonly explained: LruMap<string, true>;
  /** The MACs that a bridge lists, and for which there was no room. */
  readonly refused: LruMap<Mac, true>;
  /** Until when the frames of who was known do not count. */
  private readonly muted = new LruMap<string, number>(MAX_PENDING);
  private evicted = 0;

  /** @param limit of MACs in all */
  constructor(limit: number) {
    this.admission = new Admission(Math.min(Math.ceil(limit / SHARE), MAX_ADMITTED));
    this.explained = new LruMap(limit);
    this.refused = new LruMap(limit);
  }

  macs(): Iterable<Mac> {
    return this.keysOf.keys();
  }

  has(mac: Mac): boolean {
    return this.keysOf.has(mac);
  }

  /** What is held of a MAC at an exit. */
  at(mac: Mac, exit: Exit): Speaker | undefined {
    return this.held.get(frameKey({ ...exit, mac }));
  }

  /** A bridge lists the MAC, and there is no room for it: it is no station of which nothing is known. */
  refuse(mac: Mac): void {
    this.refused.set(mac, true);
    for (const key of [...(this.keysOf.get(mac) ?? [])]) this.drop(key);
  }

  /**
   * The sources have said all that they know of who spoke until `time`: who is still unknown is a speaker.
   * @param isOwn whether the host itself said it
   * @returns the MACs of whom something else is to be said now
   */
  settle(time: number, isOwn: (said: Said) => boolean): Set<Mac> {
    const macs = new Set<Mac>();
    for (const [key, said] of this.pending) {
      const { mac, bond, tags, since, out } = said;
      if (since > time) continue;
      this.pending.delete(key);
      if (this.leaveOthers(said)) macs.add(mac);
      const speaker = this.open.get(key);
      if (speaker) speaker.out = out;
      const counts = !speaker && !this.refused.has(mac) && out > (this.muted.get(key) ?? -Infinity) && !isOwn(said);
      for (const other of counts ? this.put(key, { mac, bond, tags, out }) : []) macs.add(other);
    }
    return macs;
  }

  /** Takes in what an earlier run has heard. */
  restore(mac: Mac, { bond, tags }: Exit, out: number): void {
    const key = frameKey({ mac, bond, tags });
    if (!this.held.has(key) && !this.explained.has(key)) this.put(key, { mac, bond, tags, out });
  }

  /** A bond was made anew: who was heard by the one before was heard by it. @returns the MACs of those who are held */
  bondMadeAnew(from: BondId, bond: BondId): Mac[] {
    for (const [key, said] of [...this.pending])
      if (said.bond === from && this.pending.delete(key))
        this.pending.set(frameKey({ ...said, bond }), { ...said, bond });
    const theirs = [...this.held].filter(([, speaker]) => speaker.bond === from);
    for (const [key] of theirs) this.drop(key);
    for (const [, { mac, tags, out }] of theirs) this.restore(mac, { bond, tags }, out);
    return theirs.map(([, { mac }]) => mac);
  }

  /**
   * A MAC has been judged.
   * @param heard the exits at which it was heard @param isKnown whether a source knows it there
   * @param now monotonic clock, seconds
   * @returns what is held of it
   */
  judged(mac: Mac, heard: readonly HeardExit[], isKnown: (exit: Exit) => boolean, now: number): Speaker[] {
    for (const { bond, tags, out } of heard) {
      if (out > -Infinity) this.explain(frameKey({ mac, bond, tags }), isKnown({ bond, tags }), now);
    }
    const keys = this.keysOf.get(mac);
    if (!keys) return [];
    const found = [...keys].flatMap((key) => this.held.get(key) ?? []);
    for (const speaker of found) this.explain(frameKey(speaker), isKnown(speaker), now);
    return found.filter((speaker) => this.held.has(frameKey(speaker)));
  }

  /** Forgets who was not heard leaving since `time`, and who was at a bond that is gone. @returns their MACs */
  expire(time: number, stands: (exit: Exit) => boolean): Mac[] {
    const gone = [...this.held].filter(([, speaker]) => speaker.out < time || !stands(speaker));
    for (const [key] of gone) this.drop(key);
    const admitted = gone.length === 0 ? [] : this.admitWaiting();
    return [...gone.map(([, { mac }]) => mac), ...admitted];
  }

  /** Nobody is listened to any more. */
  clear(): void {
    for (const key of [...this.held.keys()]) this.drop(key);
    this.pending.clear();
    this.explained.clear();
  }

  /** Those for whom there was no room, not even to be named, since the last call. */
  takeEvictions(): readonly SpeakerReason[] {
    const reasons = Array.from({ length: this.evicted }, () => 'heard' as const);
    this.evicted = 0;
    return reasons;
  }

  private explain(key: string, known: boolean, now: number): void {
    if (known) {
      this.pending.delete(key);
      this.drop(key);
      if (!this.explained.has(key)) this.explained.set(key, true);
    } else if (this.explained.delete(key)) {
      this.muted.set(key, now + ON_THE_WAY);
      this.pending.delete(key);
    }
  }

  /** Who leaves by this bond does not leave by another with the same tags any more. @returns whether he did */
  private leaveOthers({ mac, bond, tags }: Said): boolean {
    const keys = this.keysOf.get(mac);
    if (!keys) return false;
    const stack = exitKey({ bond: 0, tags });
    const others = [...keys].filter((key) => {
      const other = this.held.get(key);
      return other && other.bond !== bond && exitKey({ bond: 0, tags: other.tags }) === stack;
    });
    for (const key of others) this.drop(key);
    return others.length > 0;
  }

  /** @returns the MACs of whom something else is to be said now */
  private put(key: string, who: Omit<Speaker, 'admitted'>): Mac[] {
    const turnedOut = this.admission.admit(key, exitKey(who));
    const admitted = turnedOut !== key;
    if (!admitted && this.isFull) {
      this.evicted++;
      return [];
    }
    const loser = admitted && turnedOut !== null ? this.open.get(turnedOut) : undefined;
    if (loser) this.letWait(frameKey(loser), loser);
    this.open.set(key, { ...who, admitted });
    const keys = this.keysOf.get(who.mac);
    if (keys) keys.add(key);
    else this.keysOf.set(who.mac, new Set([key]));
    return loser ? [who.mac, loser.mac] : [who.mac];
  }

  private get isFull(): boolean {
    return this.held.size >= this.admission.size + MAX_WAITING;
  }

  private letWait(key: string, speaker: OpenSpeaker): void {
    speaker.admitted = false;
    if (!this.isFull) return;
    this.drop(key);
    this.evicted++;
  }

  private drop(key: string): void {
    const speaker = this.held.get(key);
    if (!speaker) return;
    this.open.delete(key);
    this.admission.leave(key, exitKey(speaker));
    const keys = this.keysOf.get(speaker.mac);
    keys?.delete(key);
    if (keys?.size === 0) this.keysOf.delete(speaker.mac);
  }

  private admitWaiting(): Mac[] {
    const macs: Mac[] = [];
    for (const [key, speaker] of this.open) {
      if (!this.admission.hasRoom) break;
      if (speaker.admitted) continue;
      this.admission.admit(key, exitKey(speaker));
      speaker.admitted = true;
      macs.push(speaker.mac);
    }
    return macs;
  }
}
