import type { AnnounceConfig } from '../config/config.js';

/**
 * Keeps a flapping bond from moving its guests' MACs too often: at most `failovers` announcements in any `within`
 * seconds. Once that many were made, failovers are not announced until the window has room and `holdOff` seconds have
 * passed without one. Holds at most `failovers` times. Times are in seconds on the monotonic clock.
 */
export class Damping {
  /** When the latest announcements were made, the oldest first. */
  private readonly announced: number[] = [];
  private latest = -Infinity;
  /** When what is held back may be announced; null: nothing is. */
  private heldUntil: number | null = null;

  constructor(private settings: AnnounceConfig['damping']) {}

  /** Failovers to come are judged by these settings, and by what has been announced before. What is held back keeps its time. */
  configure(settings: AnnounceConfig['damping']): void {
    this.settings = settings;
    this.forgetOldest();
  }

  /** A failover. @returns null: announce it; or from when on it may be announced, if none follows */
  failover(now: number): number | null {
    const open = now >= (this.heldUntil === null ? this.roomAt() : this.opensAt());
    this.latest = now;
    if (open) return this.announce(now);
    return (this.heldUntil = this.opensAt());
  }

  /** The time has come to announce what was held back. @returns whether it has, and something is */
  release(now: number): boolean {
    if (this.heldUntil === null || now < this.heldUntil) return false;
    this.announce(now);
    return true;
  }

  private announce(now: number): null {
    this.heldUntil = null;
    this.announced.push(now);
    this.forgetOldest();
    return null;
  }

  private forgetOldest(): void {
    this.announced.splice(0, this.announced.length - this.settings.failovers);
  }

  private roomAt(): number {
    const { failovers, within } = this.settings;
    return this.announced.length < failovers ? -Infinity : (this.announced[0] ?? -Infinity) + within;
  }

  private opensAt(): number {
    return Math.max(this.roomAt(), this.latest + this.settings.holdOff);
  }
}
