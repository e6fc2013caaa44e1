/**
 * Stands for all bonds beyond `MAX_BONDS`. No device can be called so: names of devices have no blanks
 * (net/core/dev.c: dev_valid_name).
 */
export const OTHER_BONDS = 'other bonds';

/** More bonds than any host has; each costs about 60 series. */
export const MAX_BONDS = 1024;

/** A bond that is gone keeps its series so long, in seconds: a scrape must come by, or its end is never seen. */
const KEPT_SECONDS = 600;

/** Of bonds that are gone at most so many keep their series. */
const MAX_GONE = 64;

/** The bonds that have series. Bounded by `MAX_BONDS`. */
export class BondLabels {
  /** Since when each bond is gone, on the monotonic clock in seconds; null for one that is there. Oldest first. */
  private readonly goneSince = new Map<string, number | null>();

  /** The label of a bond: its name, or that of all others when too many have series. */
  label(bond: string): string {
    if (this.goneSince.has(bond)) return bond;
    if (this.goneSince.size >= MAX_BONDS) return OTHER_BONDS;
    this.goneSince.set(bond, null);
    return bond;
  }

  /**
   * Notes which bonds are there.
   * @returns those whose series are to go now
   */
  expire(present: ReadonlySet<string>, now: number): string[] {
    for (const [bond, since] of this.goneSince) {
      if (present.has(bond)) this.goneSince.set(bond, null);
      else if (since === null) this.goneSince.set(bond, now);
    }
    const gone = [...this.goneSince].flatMap(([bond, since]) => (since === null ? [] : [{ bond, since }]));
    gone.sort((a, b) => b.since - a.since);
    const over = gone.filter(({ since }, n) => n >= MAX_GONE || now - since >= KEPT_SECONDS).map(({ bond }) => bond);
    for (const bond of over) this.goneSince.delete(bond);
    return over;
  }
}
