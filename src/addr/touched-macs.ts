import type { Mac } from './mac.js';

/** MACs for which something is to be done: up to `limit`, and beyond it all there are. At first all. */
export class TouchedMacs {
  /** null: all. */
  private macs: Set<Mac> | null = null;

  constructor(private readonly limit: number) {}

  add(mac: Mac): void {
    if (this.macs && this.macs.add(mac).size > this.limit) this.macs = null;
  }

  addAll(): void {
    this.macs = null;
  }

  /** @returns those since the last call */
  take(): ReadonlySet<Mac> | 'all' {
    const taken = this.macs ?? 'all';
    this.macs = new Set();
    return taken;
  }
}
