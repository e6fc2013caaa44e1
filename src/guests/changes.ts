import type { Mac } from '../addr/mac.js';

/** Whose verdicts may have changed, for those who keep something in step with them. Bounded by the MACs that are known. */
export class Changes {
  private stale: Set<Mac> | 'all' = 'all';
  private total = 0;

  /** Differs from an earlier value when something has changed since. */
  get count(): number {
    return this.total;
  }

  touch(mac: Mac): void {
    this.total++;
    if (this.stale !== 'all') this.stale.add(mac);
  }

  touchAll(): void {
    this.total++;
    this.stale = 'all';
  }

  /** Whether everything may have changed. */
  get isAll(): boolean {
    return this.stale === 'all';
  }

  /** @returns what was touched since the last call */
  take(): ReadonlySet<Mac> | 'all' {
    const stale = this.stale;
    this.stale = new Set();
    return stale;
  }
}
