import type { AnnounceConfig } from '../config/config.js';

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

  constructor(private settings: AnnounceConfig['damping']) {}

  /** Failovers to come are judged by these settings, and by what has been announced before. What is held back keeps its time. */
  configure(settings: AnnounceConfig['damping']): void {
    this.settings = settings;
    this.forgetOldest();
  }

  /** A failover. @returns null: announce it; or from when on it may be announced, if none follows */
  failover(now: number): number | null {
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
    this.remake.announced = this.before;
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
