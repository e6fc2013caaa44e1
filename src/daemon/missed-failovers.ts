import type { HostState } from '../guests/host-state.js';
import { type BondSnapshot, missedFailovers } from '../guests/snapshot.js';
import type { OrderCause } from '../wire/thread-messages.js';

/** Has the failovers announced, once, that came while we were not running. */
export class MissedFailovers {
  /** @param announce has a bond announced as if it had failed over to `slave` now */
  constructor(
    private readonly host: HostState,
    private readonly announceBond: (bond: number, slave: number, cause: OrderCause) => void,
  ) {}

  /** @param before the bonds as they were when we stopped */
  announce(before: readonly BondSnapshot[]): void {
    for (const { bond, slave } of missedFailovers(this.host.topology, before)) this.announceBond(bond, slave, 'missed');
  }
}
