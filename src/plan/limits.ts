import type { AnnounceConfig, Rate } from '../config/config.js';

/** Where a bucket keeps its one number: of its own, or shared by two threads. */
export interface Cell {
  load(): number;
  /** Stores `next` if the number is still `expected`. @returns whether it was */
  replace(expected: number, next: number): boolean;
}

/** A number that only this thread changes. */
export function ownCell(value = 0): Cell {
  return {
    load: () => value,
    replace: (_, next) => {
      value = next;
      return true;
    },
  };
}

/** A number in memory that two threads share. */
export function sharedCell(word: BigInt64Array): Cell {
  return {
    load: () => Number(Atomics.load(word, 0)),
    replace: (expected, next) => Atomics.compareExchange(word, 0, BigInt(expected), BigInt(next)) === BigInt(expected),
  };
}

/** Tokens are waited for in portions of so many seconds, so that a fast bucket does not wake us for every frame. */
const PORTION_SECONDS = 0.01;

const MICRO = 1e6;

/** So much of a token may be missing: what `readyAt` has promised must not fail for the rounding of numbers. */
const ROUNDING = 1e-3;

/**
 * A token bucket: in any stretch of time no more frames than its burst and what its rate gives in that time. It keeps
 * one number, the time in µs at which it will be full again: so two threads can share it without a lock.
 * Times are in seconds on the monotonic clock.
 */
export class TokenBucket {
  /** µs a token; 0 where there is no limit. */
  private each = 0;
  private burst = Infinity;

  constructor(
    rate: Rate,
    private readonly cell: Cell = ownCell(),
  ) {
    this.setRate(rate);
  }

  /** Sets the rate. Tokens stay as far as the new burst has room; what had no limit begins full. */
  configure(rate: Rate, now: number): void {
    const at = micros(now);
    const { each, burst } = this;
    this.setRate(rate);
    this.move((full) => {
      const left = each === 0 ? this.burst : burst - Math.max(0, full - at) / each;
      return Math.ceil(at + Math.max(0, this.burst - left) * this.each);
    });
  }

  /** As `configure`, where another thread that shares the number has done so before: its tokens are told in the new rate already. */
  follow(rate: Rate, now: number): void {
    this.setRate(rate);
    const emptiest = Math.ceil(micros(now) + this.burst * this.each);
    this.move((full) => Math.min(full, emptiest)); // what was drawn at the old rate meanwhile must not starve the new one
  }

  /** How many frames may go now. */
  available(now: number): number {
    return this.tokens(this.cell.load(), micros(now));
  }

  /** How many of them there are beyond half of the burst. */
  beyondHalf(now: number): number {
    return this.each === 0 ? Infinity : this.available(now) - Math.floor(this.burst / 2);
  }

  /** Takes up to `wanted` tokens. @returns how many there were */
  take(wanted: number, now: number): number {
    if (this.each === 0) return wanted;
    const at = micros(now);
    for (;;) {
      const full = this.cell.load();
      const taken = Math.min(wanted, this.tokens(full, at));
      if (taken === 0 || this.cell.replace(full, this.later(full, at, taken))) return taken;
    }
  }

  /** Puts tokens back that were taken for frames that were not sent. */
  giveBack(tokens: number): void {
    this.move((full) => full - Math.floor(tokens * this.each));
  }

  /**
   * Draws tokens for frames that others have sent, whether there are enough or not. The debt is at most what the rate
   * gives in `bound` seconds: a debt that cannot be told from a greater one delays the next frame by that long.
   */
  draw(frames: number, now: number, bound: number): void {
    const at = micros(now);
    const deepest = Math.ceil(at + this.burst * this.each + bound * MICRO);
    this.move((full) => Math.max(full, Math.min(this.later(full, at, frames), deepest)));
  }

  /** When to look again for tokens for `waiting` frames: now if there are enough for a portion. */
  readyAt(waiting: number, now: number): number {
    if (this.each === 0) return now;
    const portion = Math.max(1, Math.min(waiting, this.burst, Math.floor((PORTION_SECONDS * MICRO) / this.each)));
    const ready = this.cell.load() - (this.burst - portion) * this.each;
    return Math.max(now, Math.ceil(ready) / MICRO);
  }

  private setRate(rate: Rate): void {
    this.each = rate === 'unlimited' ? 0 : MICRO / rate.rate;
    this.burst = rate === 'unlimited' ? Infinity : rate.burst;
  }

  private tokens(full: number, at: number): number {
    if (this.each === 0) return Infinity;
    return Math.max(0, Math.floor(this.burst - Math.max(0, full - at) / this.each + ROUNDING));
  }

  private later(full: number, at: number, tokens: number): number {
    return Math.ceil(Math.max(full, at) + tokens * this.each);
  }

  private move(next: (full: number) => number): void {
    if (this.each === 0) return;
    for (;;) {
      const full = this.cell.load();
      if (this.cell.replace(full, next(full))) return;
    }
  }
}

function micros(seconds: number): number {
  return Math.round(seconds * MICRO);
}

/** A failover so long before or after an administrator's hand on the bond is his doing, in seconds. */
const REMAKE_SECONDS = 10;

/** A time in which an administrator, or a network service, makes a bond anew. Times are those of announcements. */
interface Remake {
  /** When the last sign of it was seen. */
  at: number;
  /** What is announced for it; null: nothing yet. */
  announced: number | null;
  /** What was announced after the sign, and replaced by that. */
  replaced: number | null;
  /** Whether the bond has failed over since: the next sign is of another remake. */
  isFollowed: boolean;
}

/**
 * Keeps a flapping bond from moving its guests' MACs too often: at most `failovers` announcements in any `within`
 * seconds. Once that many were made, failovers are not announced until the window has room and `holdOff` seconds have
 * passed without one. What a remake of the bond causes counts as one announcement. Holds at most one time more than
 * `failovers`. Times are in seconds on the monotonic clock.
 */
export class Damping {
  /** When the latest announcements were made, the oldest first. */
  private readonly announced: number[] = [];
  private latest = -Infinity;
  /** When what is held back may be announced; null: nothing is. */
  private heldUntil: number | null = null;
  private remake: Remake = { at: -Infinity, announced: null, replaced: null, isFollowed: false };
  /** What the last failover has replaced. */
  private before: number | null = null;
  private remakeBefore = this.remake;

  constructor(private settings: AnnounceConfig['damping']) {}

  /** Failovers to come are judged by these settings, and by what has been announced before. What is held back keeps its time. */
  configure(settings: AnnounceConfig['damping']): void {
    this.settings = settings;
    this.forgetOldest();
  }

  /** A failover. @returns null: announce it; or from when on it may be announced, if none follows */
  failover(now: number): number | null {
    this.remakeBefore = { ...this.remake };
    this.before = this.replaceRemade(now);
    const open = now >= (this.heldUntil === null ? this.roomAt() : this.opensAt());
    this.latest = now;
    if (open) return this.announce(now);
    this.putBack();
    return (this.heldUntil = this.opensAt());
  }

  /** Nobody was there to be announced: no MAC has moved. To be called after `failover` or `release`. */
  takeBack(): void {
    this.announced.pop();
    this.putBack();
    this.remake = this.remakeBefore;
  }

  /**
   * Somebody takes the bond down, or a slave out of it. What was announced right before is his doing, and what will be right
   * after; what comes between two remakes belongs to both, and each counts.
   */
  remade(now: number): void {
    const { at, announced, replaced, isFollowed } = this.remake;
    if (!isFollowed && now - at <= REMAKE_SECONDS) return void (this.remake.at = now);
    const last = this.announced.at(-1) ?? -Infinity;
    const isNear = now - last <= REMAKE_SECONDS;
    if (isNear && last === announced && replaced !== null) this.announced.splice(-1, 0, replaced);
    const isOthers = last === announced && replaced === null;
    this.remake = { at: now, announced: isNear && !isOthers ? last : null, replaced: null, isFollowed: false };
  }

  /** The time has come to announce what was held back. @returns whether it has, and something is */
  release(now: number): boolean {
    if (this.heldUntil === null || now < this.heldUntil) return false;
    this.before = null;
    this.remakeBefore = { ...this.remake };
    this.announce(now);
    return true;
  }

  /** @returns the announcement in whose place that of a failover comes; null: it counts for itself */
  private replaceRemade(now: number): number | null {
    const { remake, announced } = this;
    const isNear = now - remake.at <= REMAKE_SECONDS;
    if (!isNear || remake.announced === null || this.heldUntil !== null) return null;
    if (announced.at(-1) !== remake.announced) return null;
    if (remake.announced > remake.at) remake.replaced = remake.announced;
    return announced.pop() ?? null;
  }

  private putBack(): void {
    if (this.before !== null) this.announced.push(this.before);
  }

  private announce(now: number): null {
    this.heldUntil = null;
    this.announced.push(now);
    this.forgetOldest();
    this.remake.isFollowed = true;
    if (now - this.remake.at <= REMAKE_SECONDS) this.remake.announced = now;
    return null;
  }

  private forgetOldest(): void {
    this.announced.splice(0, this.announced.length - this.settings.failovers);
  }

  private roomAt(): number {
    const { failovers, within } = this.settings;
    return (this.announced.at(-failovers) ?? -Infinity) + within;
  }

  private opensAt(): number {
    return Math.max(this.roomAt(), this.latest + this.settings.holdOff);
  }
}
