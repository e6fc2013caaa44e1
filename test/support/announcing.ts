/**
 * A bond's announcements in virtual time: the plan, its buckets and the damping, put together as the daemon does it, but
 * with no kernel and no clock. Time goes from wake-up to wake-up.
 */
import type { Ip } from '../../src/addr/ip.js';
import type { Mac } from '../../src/addr/mac.js';
import type { AnnounceConfig, FrameKind } from '../../src/config/config.js';
import { ANNOUNCE_DEFAULTS } from './announce-defaults.js';
import type { Address, Place } from '../../src/plan/announceable.js';
import { BondPlan } from '../../src/plan/bond-plan.js';
import { TokenBucket, Damping } from '../../src/plan/limits.js';
import { dissect } from './dissect.js';

export interface SentFrame {
  at: number;
  kind: FrameKind | 'guest-arp';
  /** The guest's number, and the address. */
  id: string;
  /** The number of the failover that it is sent for. */
  run: number;
}

/** Numbers from 0 to 1 that are the same in every run of a test. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const guestKey = (n: number): string => `52:54:00:00:${hex(n >> 8)}:${hex(n & 0xff)} 4`;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const macOf = (key: string): Mac => key.slice(0, 17) as Mac;

export interface SimulationOptions {
  settings?: Partial<AnnounceConfig>;
  seed?: number;
  /** Frames a turn. */
  slice?: number;
}

export class Simulation {
  now = 1000;
  readonly sent: SentFrame[] = [];
  /** When failovers were announced, and which were not. */
  readonly announced: number[] = [];
  readonly damped: number[] = [];
  readonly guests = new Map<string, Address[]>();
  readonly plan: BondPlan;
  run = 0;
  readonly #settings: AnnounceConfig;
  readonly #damping: Damping;
  readonly #rarp: TokenBucket;
  readonly #slice: number;
  #opensAt: number | null = null;
  #start = 0;

  constructor({ settings = {}, seed = 1, slice = 64 }: SimulationOptions = {}) {
    this.#settings = { ...ANNOUNCE_DEFAULTS, ...settings };
    this.#slice = slice;
    const { rate, damping } = this.#settings;
    this.#damping = new Damping(damping);
    this.#rarp = new TokenBucket(rate.rarp);
    const buckets = { rarp: this.#rarp, garp: new TokenBucket(rate.arp), na: new TokenBucket(rate.na) };
    const announceable = {
      keys: () => this.guests.keys(),
      rarp: (key: string) => (this.guests.has(key) ? new Uint8Array(60) : null),
      place: (key: string): Place | null => (this.guests.has(key) ? { mac: macOf(key), tags: [] } : null),
      addresses: ({ mac }: Place) => this.guests.get(`${mac} 4`) ?? [],
    };
    this.plan = new BondPlan(this.#settings, buckets, announceable, seeded(seed));
  }

  add(n: number, ...ips: string[]): void {
    this.guests.set(
      guestKey(n),
      ips.map((ip) => ({ ip: ip as Ip, router: false, withheld: null })),
    );
    this.plan.joined(guestKey(n), this.now);
  }

  remove(n: number): void {
    this.guests.delete(guestKey(n));
  }

  /** As the failover thread does it: what the tokens allow goes at once, beginning with who had no turn before. */
  failover(): void {
    const wait = this.#damping.failover(this.now);
    this.plan.cancel();
    this.run++;
    this.#opensAt = wait;
    if (wait === null) this.#begin();
    else this.damped.push(this.now);
  }

  guestArp(frames: number): void {
    for (let n = 0; n < frames; n++) this.sent.push({ at: this.now, kind: 'guest-arp', id: '', run: this.run });
    this.plan.arpLeft(frames, this.now);
  }

  /** Lets time pass until `until`, and has everything done that is due. */
  advance(seconds: number): void {
    const until = this.now + seconds;
    for (let turns = 0; ; turns++) {
      if (turns > 1e6) throw new Error('time stands still');
      const due = Math.min(this.plan.wakeAt(this.now) ?? Infinity, this.#opensAt ?? Infinity);
      if (due > until) break;
      this.now = Math.max(this.now, due);
      if (this.#opensAt !== null && this.#opensAt <= this.now) this.#release();
      this.#send();
    }
    this.now = until;
  }

  of(kind: SentFrame['kind'], run?: number): SentFrame[] {
    return this.sent.filter((frame) => frame.kind === kind && (run === undefined || frame.run === run));
  }

  #release(): void {
    this.#opensAt = null;
    if (!this.#damping.release(this.now)) throw new Error('the window is not open');
    this.run++;
    this.#begin();
  }

  #begin(): void {
    this.announced.push(this.now);
    const keys = [...this.guests.keys()];
    const turns = this.#settings.kinds.includes('rarp') ? this.#rarp.take(keys.length, this.now) : 0;
    const start = turns === keys.length ? 0 : this.#start % keys.length;
    const done = new Set(Array.from({ length: turns }, (_, n) => keys[(start + n) % keys.length] ?? ''));
    for (const id of done) this.sent.push({ at: this.now, kind: 'rarp', id, run: this.run });
    this.#start = keys.length > 0 ? (start + turns) % keys.length : 0;
    this.plan.begin(this.now, (key) => done.has(key));
  }

  #send(): void {
    const frames = this.plan.next(this.now, this.#slice);
    for (const { turn, bytes } of frames) {
      if (turn.kind !== 'rarp') checkBytes(turn.kind, turn.key, bytes);
      this.sent.push({ at: this.now, kind: turn.kind, id: turn.id, run: this.run });
    }
    if (this.plan.wakeAt(this.now) === null) this.plan.cancel();
    const next = this.plan.nextRarp;
    if (next !== null) this.#start = [...this.guests.keys()].indexOf(next);
  }
}

function checkBytes(kind: FrameKind, key: string, bytes: Uint8Array): void {
  const { src, etherType } = dissect(bytes);
  if (src !== macOf(key) || etherType !== (kind === 'garp' ? 0x0806 : 0x86dd)) throw new Error('not the frame');
}

/** The most frames in any stretch of `seconds`. */
export function mostWithin(times: readonly number[], seconds: number): number {
  let most = 0;
  let from = 0;
  for (let n = 0; n < times.length; n++) {
    while ((times[n] ?? 0) - (times[from] ?? 0) >= seconds) from++;
    most = Math.max(most, n - from + 1);
  }
  return most;
}
