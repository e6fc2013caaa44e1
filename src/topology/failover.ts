import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { KernelEvent, LinkEvent } from '../kernel/events.js';
import { carriesFrames } from '../kernel/link.js';
import { asBond, type BondId } from './bond-id.js';

/** The active slave of `bond` changed to `slave` (both ifindex), and frames sent from now on really leave. */
export interface Failover {
  readonly bond: BondId;
  readonly slave: number;
}

/** What the last messages said of a bond. */
interface BondState {
  readonly id: BondId;
  readonly arpInterval: number;
  /** Whether it lets frames out. */
  carries: boolean;
  /** The slave whose frames are known to leave; null when there is none, or none that works yet. */
  working: number | null;
}

/**
 * Detects failovers in the stream of link events, at the earliest message after which frames really leave. This is
 * the fold that decides when we speak, so it is kept apart from the rest of the topology and holds nothing else.
 *
 * - A slave's own message that says it turned active comes before the bond's. It counts when the bond is watched by
 *   miimon and let frames out already (LOWER_UP and RUNNING): transmit goes out by the new slave by then (bond_main.c:
 *   bond_change_active_slave switches curr_active_slave first and notifies after).
 * - Otherwise the bond's message that names an active slave, LOWER_UP and RUNNING counts. After all links were down,
 *   frames sent at the slave's message are lost, and so are those sent at a message with LOWER_UP that is not RUNNING
 *   yet (from Linux 7.0 on); the message that works may carry no IFLA_EVENT at all.
 * - With ARP monitoring a slave turns active as a probe, without carrying traffic: only the bond's word counts.
 *
 * Bounded by the number of bonds on the host.
 */
export class FailoverDetector {
  private readonly bonds = new Map<number, BondState>();
  private unconfirmed: Set<number> | null = null;
  /** Whether the first dump is over. */
  private hasBegun = false;

  /**
   * Takes in one event.
   * @returns the failover that it is, or null. A bond's first message only says where we start; so does the first
   *   dump. Later dumps are compared with what was held: a bond that is new there was made when messages were lost.
   */
  apply(event: KernelEvent): Failover | null {
    if (event.type === 'linkGone') this.bonds.delete(event.ifindex);
    if (event.type !== 'link') return null;
    if (event.details.type === 'bond') return this.applyBond(event, event.details);
    return event.bondSlaveActive ? this.applyActiveSlave(event) : null;
  }

  private applyBond(event: LinkEvent, details: LinkEvent['details'] & { type: 'bond' }): Failover | null {
    const { ifindex } = event;
    if (details.mode !== BOND_MODE_ACTIVEBACKUP) {
      this.bonds.delete(ifindex);
      return null;
    }
    this.unconfirmed?.delete(ifindex);
    const held = this.bonds.get(ifindex);
    const carries = carriesFrames(event);
    const working = carries ? details.activeSlave : null;
    const id = held?.id ?? asBond(ifindex);
    this.bonds.set(ifindex, { id, arpInterval: details.arpInterval, carries, working });
    const isKnown = held !== undefined || (this.unconfirmed !== null && this.hasBegun);
    return isKnown && working !== null && working !== held?.working ? { bond: id, slave: working } : null;
  }

  private applyActiveSlave({ ifindex: slave, master }: LinkEvent): Failover | null {
    const bond = master === null ? undefined : this.bonds.get(master);
    if (!bond || bond.arpInterval !== 0 || !bond.carries || bond.working === slave) return null;
    bond.working = slave;
    return { bond: bond.id, slave };
  }

  /** Before a fresh dump: bonds that it does not mention go with `finishDump`. */
  startDump(): void {
    this.unconfirmed = new Set(this.bonds.keys());
  }

  finishDump(): void {
    for (const ifindex of this.unconfirmed ?? []) this.bonds.delete(ifindex);
    this.unconfirmed = null;
    this.hasBegun = true;
  }
}
