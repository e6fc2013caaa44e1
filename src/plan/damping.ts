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
  private held = false;

  constructor(private readonly settings: AnnounceConfig['damping']) {}

  /** A failover. @returns null: announce it; or from when on it may be announced, if none follows */
  failover(now: number): number | null {
    const open = this.held ? now >= this.opensAt() : this.hasRoom(now);
    this.latest = now;
    if (open) return this.announce(now);
    this.held = true;
    return this.opensAt();
  }

  /** The time has come to announce what was held back. @returns whether it has, and something is */
  release(now: number): boolean {
    if (!this.held || now < this.opensAt()) return false;
    this.announce(now);
    return true;
  }

  private announce(now: number): null {
    this.held = false;
    this.announced.push(now);
    if (this.announced.length > this.settings.failovers) this.announced.shift();
    return null;
  }

  private hasRoom(now: number): boolean {
    return now >= this.roomAt();
  }

  private roomAt(): number {
    const { failovers, within } = this.settings;
    return this.announced.length < failovers ? -Infinity : (this.announced[0] ?? -Infinity) + within;
  }

  private opensAt(): number {
    return Math.max(this.roomAt(), this.latest + this.settings.holdOff);
  }
}
