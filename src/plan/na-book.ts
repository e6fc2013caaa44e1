/** RFC 4861 section 7.2.6: no more than MAX_NEIGHBOR_ADVERTISEMENT of an address, RetransTimer apart (section 10). */
const MAX_ADVERTISEMENTS = 3;
const SECONDS_APART = 1;

interface Entry {
  sent: number;
  last: number;
  before: number;
}

/** When each address was advertised last, and how often in this run. Bounded by the addresses of a bond. */
export class NaBook {
  private readonly entries = new Map<string, Entry>();

  /** A new run: the counts begin anew, the distances do not. */
  begin(now: number): void {
    for (const [id, entry] of this.entries) {
      entry.sent = 0;
      if (entry.last + SECONDS_APART <= now) this.entries.delete(id);
    }
  }

  mayBeSent(id: string): boolean {
    return (this.entries.get(id)?.sent ?? 0) < MAX_ADVERTISEMENTS;
  }

  /** From when on it may be sent again: monotonic clock, seconds. */
  readyAt(id: string): number {
    return (this.entries.get(id)?.last ?? -Infinity) + SECONDS_APART;
  }

  sent(id: string, now: number): void {
    const entry = this.entries.get(id) ?? { sent: 0, last: -Infinity, before: -Infinity };
    this.entries.set(id, { sent: entry.sent + 1, last: now, before: entry.last });
  }

  /** What was said to be sent last was not. */
  notSent(id: string): void {
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, { sent: entry.sent - 1, last: entry.before, before: -Infinity });
  }
}
