import { BOND_MODE_8023AD } from '../kernel/constants.js';
import type { BondDetails, KernelEvent, LinkEvent } from '../kernel/events.js';
import { carriesFrames } from '../kernel/link.js';
import { asBond, type BondId } from './bond-id.js';
import type { Failover } from './failover.js';

/** So long it is waited for that a switch takes frames, in seconds: LACP's short timeout (IEEE 802.1AX 6.4.4) and a bit. */
const PATIENCE = 4;

/** An aggregator that has taken over, and the switch behind it may not take its frames yet. */
interface Takeover {
  readonly aggregator: number;
  readonly slave: number;
  /** Monotonic clock, seconds. */
  readonly since: number;
}

interface LacpBond {
  readonly id: BondId;
  carries: boolean;
  /** The aggregator whose frames are known to arrive; null when there is none. */
  working: number | null;
  takeover: Takeover | null;
}

/**
 * Detects that another aggregator of a bond of mode 802.3ad has taken over. The kernel tells of it by its slaves that turn
 * active (bond_3ad.c: __enable_port), and a moment too early: the bond sends by them a little later
 * (bond_slave_arr_work_rearm), and their switch throws frames away until it has heard by LACP that they are in use. That it
 * takes them, the slave's state has (partner_oper.port_state: LACP_STATE_COLLECTION), but no message tells: so the kernel
 * is asked, until it is so. Ports without a partner have nobody to wait for. Bounded by the number of bonds on the host.
 */
export class LacpFailovers {
  private readonly bonds = new Map<number, LacpBond>();
  private unconfirmed: Set<number> | null = null;
  /** How many bonds the kernel is to be asked about. */
  waiting = 0;

  /** Takes in one event. @param now monotonic clock, seconds @returns the failover that it is, or null */
  apply(event: KernelEvent, now: number): Failover | null {
    if (event.type === 'linkGone') this.forget(event.ifindex);
    if (event.type !== 'link') return null;
    if (event.details.type === 'bond') this.applyBond(event, event.details);
    return event.bondSlaveActive ? this.applyActiveSlave(event, now) : null;
  }

  /** The slaves about which the kernel is to be asked now. @param now monotonic clock, seconds */
  asks(now: number): readonly number[] {
    return [...this.bonds.values()].flatMap((bond) => {
      if (bond.takeover && now - bond.takeover.since > 2 * PATIENCE) this.await(bond, null); // it is active no more
      return bond.takeover?.slave ?? [];
    });
  }

  private applyBond(event: LinkEvent, { mode, aggregator }: BondDetails): void {
    const { ifindex } = event;
    if (mode !== BOND_MODE_8023AD) return this.forget(ifindex);
    this.unconfirmed?.delete(ifindex);
    const carries = carriesFrames(event);
    const held = this.bonds.get(ifindex);
    if (!held) {
      const working = carries ? (aggregator ?? null) : null;
      this.bonds.set(ifindex, { id: asBond(ifindex), carries, working, takeover: null });
      return;
    }
    held.carries = carries;
    if (!carries) held.working = null;
  }

  private applyActiveSlave({ ifindex: slave, master, bondSlave }: LinkEvent, now: number): Failover | null {
    const bond = master === null ? undefined : this.bonds.get(master);
    if (!bond || !bondSlave?.lacp) return null;
    const { aggregator, partnerCollects } = bondSlave.lacp;
    const { takeover, working } = bond;
    if (aggregator === working) this.await(bond, null);
    else if (takeover?.aggregator !== aggregator) this.await(bond, { aggregator, slave, since: now });
    else if (bond.carries && slave === takeover.slave && (partnerCollects || now - takeover.since > PATIENCE)) {
      this.await(bond, null);
      bond.working = aggregator;
      return { bond: bond.id, slave };
    }
    return null;
  }

  private await(bond: LacpBond, takeover: Takeover | null): void {
    this.waiting += Number(takeover !== null) - Number(bond.takeover !== null);
    bond.takeover = takeover;
  }

  private forget(ifindex: number): void {
    const bond = this.bonds.get(ifindex);
    if (bond) this.await(bond, null);
    this.bonds.delete(ifindex);
  }

  /** Before a fresh dump: bonds that it does not mention go with `finishDump`. */
  startDump(): void {
    this.unconfirmed = new Set(this.bonds.keys());
  }

  finishDump(): void {
    for (const ifindex of this.unconfirmed ?? []) this.forget(ifindex);
    this.unconfirmed = null;
  }
}
