/** RFC 4861 section 7.2.6: no more than MAX_NEIGHBOR_ADVERTISEMENT of an address, RetransTimer apart (section 10). */
const MAX_ADVERTISEMENTS = 3;
const SECONDS_APART = 1;

interface Entry {
  /** The run that it was sent in last, and how often in that. */
  readonly run: number;
  readonly sent: number;
  readonly last: number;
  /** As `last` was before. */
  readonly before: number;
}

const NEVER: Entry = { run: -1, sent: 0, last: -Infinity, before: -Infinity };

/** When each address was advertised last, and how often in this run. Bounded by the addresses of a bond. */
export class NaBook {
  private entries = new Map<string, Entry>();
  private run = 0;
  private latest = -Infinity;

  /** A new run: the counts begin anew, the distances do not. Takes no time, however many entries there are. */
  begin(now: number): void {
    this.run++;
    if (this.latest + SECONDS_APART <= now) this.entries = new Map();
  }

  mayBeSent(id: string): boolean {
    const { run, sent } = this.of(id);
    return run !== this.run || sent < MAX_ADVERTISEMENTS;
  }

  /** From when on it may be sent again: monotonic clock, seconds. */
  readyAt(id: string): number {
    return this.of(id).last + SECONDS_APART;
  }

  sent(id: string, now: number): void {
    const { run, sent, last } = this.of(id);
    this.latest = now;
    this.entries.set(id, { run: this.run, sent: run === this.run ? sent + 1 : 1, last: now, before: last });
  }

  /** What was said to be sent last was not. */
  notSent(id: string): void {
    const { run, sent, before } = this.of(id);
    this.entries.set(id, { run, sent: sent - 1, last: before, before: -Infinity });
  }

  private of(id: string): Entry {
    return this.entries.get(id) ?? NEVER;
  }
}
