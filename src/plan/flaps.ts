/** So many flaps within so many seconds, and a bond is left to the kernel for that long. */
const FLAPS = 2;
const WITHIN = 10;
export const REST_SECONDS = 60;

/**
 * Whether a bond's links lose their carrier for moments only. Each such flap costs a failover that the kernel, which
 * looks at its links now and then, would not have made. Times are in seconds on the monotonic clock.
 */
export class Flaps {
  private readonly times: number[] = [];
  private restsUntil = -Infinity;

  /** A link is back before the kernel has missed it. @param at when it was lost @returns whether the bond rests from now on */
  flapped(at: number, now: number): boolean {
    this.times.push(at);
    const recent = this.times.filter((time) => at - time <= WITHIN);
    this.times.splice(0, this.times.length, ...recent.slice(-FLAPS));
    if (recent.length < FLAPS) return false;
    this.times.length = 0;
    this.restsUntil = now + REST_SECONDS;
    return true;
  }

  /** Whether the bond is left to the kernel. */
  rests(now: number): boolean {
    return now < this.restsUntil;
  }
}
