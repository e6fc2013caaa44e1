import type { BondId } from '../topology/bond-id.js';
import type { Metrics } from '../metrics/metrics.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';

/** Fills the gauges that mirror state. Called at each scrape. */
export function fillStateGauges(metrics: Metrics, topology: Topology, bonds: ReadonlyMap<BondId, BondGuests>): void {
  metrics.clear('bondherald_bond_active_slave');
  metrics.clear('bondherald_guests');
  for (const { ifindex, name: bond, slaves, activeSlave } of activeBackupBonds(topology)) {
    for (const slave of slaves) {
      const active = slave.ifindex === activeSlave?.ifindex ? 1 : 0;
      metrics.set('bondherald_bond_active_slave', { bond, slave: slave.name }, active);
    }
    for (const [source, guests] of bonds.get(ifindex)?.countBySource() ?? []) {
      metrics.set('bondherald_guests', { bond, source }, guests);
    }
    metrics.introduce(bond);
  }
}
