import type { BondId } from '../topology/bond-id.js';
import type { Config } from '../config/config.js';
import type { Log } from '../sys/log.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';

/** Logs that the daemon is watching, and which bonds of the configuration are not there. */
export function reportReady(
  log: Log,
  wanted: Config['bonds'],
  topology: Topology,
  bonds: ReadonlyMap<BondId, BondGuests>,
): void {
  const names = new Set(activeBackupBonds(topology).map(({ name }) => name));
  for (const bond of wanted === 'auto' ? [] : wanted) {
    if (!names.has(bond))
      log.warn('a bond of the configuration is no active-backup bond yet; waiting for it', { bond });
  }
  if (wanted === 'auto' && bonds.size === 0) log.warn('no active-backup bond yet; one that comes up will be watched');
  const guests = [...bonds.values()].reduce((sum, { batch }) => sum + batch.size, 0);
  log.info('ready', { bonds: bonds.size, guests });
}
