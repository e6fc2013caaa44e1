import type { Config } from '../config/config.js';
import type { Log } from '../sys/log.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { Reloader } from './reloader.js';
import type { ServiceNotifier } from './service-notifier.js';

type Ready = Pick<ServiceNotifier, 'becomeReady'>;

/** Says, in the log and to the service manager, that the daemon is watching; in the log also which of the bonds that it is to watch are not there. */
export function tellReady(
  {
    log,
    service,
    reloader,
  }: { readonly log: Log; readonly service: Ready; readonly reloader: Pick<Reloader, 'begin'> },
  wanted: Config['bonds'],
  topology: Topology,
  bonds: ReadonlyMap<number, BondGuests>,
): void {
  const names = new Set(activeBackupBonds(topology).map(({ name }) => name));
  for (const bond of wanted === 'auto' ? [] : wanted) {
    if (!names.has(bond))
      log.warn('a bond of the configuration is no active-backup bond yet; waiting for it', { bond });
  }
  if (wanted === 'auto' && bonds.size === 0) log.warn('no active-backup bond yet; one that comes up will be watched');
  const guests = [...bonds.values()].reduce((sum, { batch }) => sum + batch.size, 0);
  log.info('ready', { bonds: bonds.size, guests });
  service.becomeReady();
  reloader.begin();
}
