import type { MacPrefix } from '../addr/mac-prefix.js';
import type { Mac } from '../addr/mac.js';
import type { KernelEvent } from '../kernel/events.js';
import { readFdb } from '../sources/fdb.js';
import { readMacvlans } from '../sources/macvlan.js';
import type { IgnoreReason, Source } from '../sources/sighting.js';
import type { Exit } from '../topology/exits.js';
import { Topology } from '../topology/topology.js';
import { GuestTable } from './table.js';
import { judge, type Verdict } from './verdict.js';

/** What an event did to us, for those who count. */
export type Ignored = { readonly source: Source; readonly reason: IgnoreReason | 'table-full' } | null;

/** Everything we know of this host, folded from kernel events: its devices, and who is behind them. */
export class HostState {
  readonly topology = new Topology();
  private readonly table: GuestTable;
  private stale: Set<Mac> | 'all' = 'all';

  /**
   * @param limit how many MAC addresses are held at most
   * @param refused addresses that are never announced
   */
  constructor(
    limit: number,
    private readonly refused: readonly MacPrefix[],
  ) {
    this.table = new GuestTable(limit);
  }

  /** Takes in one event. @returns why a source's row was passed over, if it was */
  apply(event: KernelEvent): Ignored {
    if (event.type !== 'fdb') {
      if (this.topology.apply(event)) this.stale = 'all';
      return null;
    }
    const sighting = readFdb(event);
    if (typeof sighting === 'string') return { source: 'fdb', reason: sighting };
    if (event.gone) {
      if (this.table.remove(sighting)) this.touch(sighting.mac);
      return null;
    }
    const added = this.table.add(sighting);
    if (added === 'changed') this.touch(sighting.mac);
    return added === 'full' ? { source: 'fdb', reason: 'table-full' } : null;
  }

  /** Before a fresh dump of everything. */
  startDump(): void {
    this.topology.startDump();
    this.table.startDump('fdb');
  }

  /** After it: what it did not mention is gone. */
  finishDump(): void {
    if (this.topology.finishDump()) this.stale = 'all';
    for (const mac of this.table.finishDump('fdb')) this.touch(mac);
  }

  /**
   * Whose verdicts may have changed since the last call.
   * @returns the MACs, those that are not known any more among them; or 'all', also those known only to the caller
   */
  takeStale(): ReadonlySet<Mac> | 'all' {
    const stale = this.stale;
    this.stale = new Set();
    if (stale === 'all') this.readMacvlans();
    return stale;
  }

  /**
   * What is to be said of one MAC now; empty when it is behind no bond.
   * @param claimed ways out that the operator says are this MAC's
   */
  verdicts(mac: Mac, claimed: readonly Exit[] = []): Verdict[] {
    return judge(this.topology, mac, this.table.sightings(mac), this.refused, claimed);
  }

  macs(): Iterable<Mac> {
    return this.table.macs();
  }

  private readMacvlans(): void {
    this.table.startDump('macvlan');
    for (const sighting of readMacvlans(this.topology.allLinks())) this.table.add(sighting);
    this.table.finishDump('macvlan');
  }

  private touch(mac: Mac): void {
    if (this.stale !== 'all') this.stale.add(mac);
  }
}
