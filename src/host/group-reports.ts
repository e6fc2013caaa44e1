import type { GroupTable } from '../groups/group-table.js';
import type { HostState } from '../guests/host-state.js';
import type { ReportsOf } from '../plan/turns.js';
import { isOvsBond } from '../topology/bond-id.js';

/**
 * What stations report of their groups: as they were heard to, and for their IPv6 addresses. On a bond of Open vSwitch
 * nothing is: what is sent into its bridge also reaches the guests.
 */
export function groupReports(host: HostState, groups: GroupTable): ReportsOf {
  return (bond, { mac, tags }, now) => {
    if (isOvsBond(bond)) return [];
    const known = host.addressesOf(mac, { bond, tags }, now).filter(({ withheld }) => withheld !== 'unconfirmed');
    const addresses = known.map(({ ip }) => ip);
    return groups.reports({ mac, bond, tags }, addresses, now);
  };
}
