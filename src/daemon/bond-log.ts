import type { Log } from '../sys/log.js';
import { activeBackupBonds, type Bond } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';

/** Logs bonds that come and go, and those that lose their last link. Holds one entry a bond. */
export class BondLog {
  private bonds = new Map<string, string | null>();

  /** @param noted is told of the bonds at each call */
  constructor(
    private readonly log: Log,
    private readonly topology: Topology,
    private readonly noted: (bonds: readonly Bond[]) => void,
  ) {}

  /** Compares the bonds with those of the last call, and logs what is new. */
  note(): void {
    const bonds = activeBackupBonds(this.topology);
    this.noted(bonds);
    const now = bonds.map(({ name, activeSlave }) => [name, activeSlave?.name ?? null] as const);
    const before = this.bonds;
    this.bonds = new Map(now);
    for (const bond of before.keys()) if (!this.bonds.has(bond)) this.log.info('a bond is gone', { bond });
    for (const [bond, slave] of now) {
      const active_slave = slave ?? 'none';
      if (!before.has(bond)) this.log.info('watching a bond', { bond, active_slave });
      else if (slave === null && before.get(bond) !== null) this.log.warn('a bond has lost its last link', { bond });
    }
  }
}
