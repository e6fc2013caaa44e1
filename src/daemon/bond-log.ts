import type { Log } from '../sys/log.js';
import type { Bond } from '../topology/bonds.js';

/** Logs bonds that come and go, and those that lose their last link. Holds one entry a bond. */
export class BondLog {
  private bonds = new Map<string, string | null>();

  constructor(private readonly log: Log) {}

  /** The bonds as they stand now: compares them with those of the last call, and logs what is new. */
  follow(bonds: readonly Bond[]): void {
    const now = bonds.map(({ name, activeSlave }) => [name, activeSlave?.name ?? null] as const);
    const before = this.bonds;
    this.bonds = new Map(now);
    for (const bond of before.keys())
      if (!this.bonds.has(bond)) this.log.info('bond removed, or no longer active-backup', { bond });
    for (const [bond, slave] of now) {
      const active_slave = slave ?? 'none';
      if (!before.has(bond)) this.log.info('watching a bond', { bond, active_slave });
      else if (slave === null && before.get(bond) !== null) this.log.warn('bond has no working link', { bond });
    }
  }
}
