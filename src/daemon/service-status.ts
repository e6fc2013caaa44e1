import type { BondId } from '../topology/bond-id.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';

/** How many bonds are named, so that it stays one line. */
const NAMED = 4;

/** What `systemctl status` says of us: `37 guests behind bond0 (up1), bond1 (no active slave)`. */
export function serviceStatus(topology: Topology, bonds: ReadonlyMap<BondId, BondGuests>): string {
  const watched = activeBackupBonds(topology).filter(({ ifindex }) => bonds.has(ifindex));
  if (watched.length === 0) return 'waiting for an active-backup bond';
  const guests = announcedGuests(bonds);
  const named = watched
    .slice(0, NAMED)
    .map(({ name, activeSlave }) => `${name} (${activeSlave?.name ?? 'no active slave'})`);
  const more = watched.length > NAMED ? ` and ${watched.length - NAMED} more` : '';
  return `${guests} ${guests === 1 ? 'guest' : 'guests'} behind ${named.join(', ')}${more}`;
}

/** How many guests would be announced now, on all bonds. */
export function announcedGuests(bonds: ReadonlyMap<BondId, BondGuests>): number {
  return [...bonds.values()].reduce((sum, { batch }) => sum + batch.size, 0);
}
