import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { BondDetails, KernelEvent, LinkEvent } from '../kernel/events.js';
import { asBond, type BondId } from './bond-id.js';

/** A slave of a bond, as its last message has it. */
interface Slave {
  readonly name: string;
  /** IFF_UP and IFF_LOWER_UP. */
  readonly carrier: boolean;
  /** Whether the bond holds its link to be up: not down, and in no delay. */
  readonly linkUp: boolean;
  readonly prio: number;
}

/** The active slave of a bond has lost its carrier, and the bond has not noticed yet. All are ifindexes. */
export interface CarrierLoss {
  readonly bond: BondId;
  readonly slave: number;
  /** The slave that is to take over. */
  readonly next: number;
}

/** What of a bond's options decides who notices a dead link, and when. In milliseconds. */
type Monitoring = Partial<Pick<BondDetails, 'miimon' | 'downdelay' | 'arpInterval'>>;

/**
 * Why a bond's failovers at the loss of carrier are the kernel's business alone: ARP monitoring looks behind the first
 * switch and has its own idea of a slave that works, a downdelay is somebody's wish to wait, and what nothing monitors
 * would never be taken back into service.
 * @returns null where they are not; else in a few words, such as `downdelay is 200`
 */
export function leftToKernel({ miimon = 0, downdelay = 0, arpInterval = 0 }: Monitoring): string | null {
  if (arpInterval > 0) return `arp_interval is ${arpInterval}`;
  if (miimon === 0) return 'miimon is 0';
  return downdelay > 0 ? `downdelay is ${downdelay}` : null;
}

/**
 * The slave that takes over when `lost` fails: the one that the kernel would choose at its next look (bond_main.c:
 * bond_choose_primary_or_current), so that both who decide at the same moment choose the same. That is the primary, else
 * the one of the highest priority, else the first. Never one without carrier, that is down, or whose updelay is running.
 * @param slaves in the order in which the bond got them
 * @returns null where there is none
 */
export function nextSlave(
  slaves: Iterable<readonly [number, Pick<Slave, 'carrier' | 'linkUp' | 'prio'>]>,
  lost: number,
  primary: number | null,
): number | null {
  let best: number | null = null;
  let most = -Infinity;
  for (const [ifindex, { carrier, linkUp, prio }] of slaves) {
    if (ifindex === lost || !carrier || !linkUp) continue;
    if (ifindex === primary) return ifindex;
    if (prio > most) [best, most] = [ifindex, prio];
  }
  return best;
}

/** The names of a bond's slaves in the order in which it got them; empty where it cannot be read. */
export type SlaveOrder = (bond: string, ifindex: number) => readonly string[];

/** What the last messages said of a bond that is to be looked at. */
class WatchedBond {
  name = '';
  /** In the order in which the bond got them: new ones come last. */
  slaves = new Map<number, Slave>();
  /** null until the bond has spoken. */
  details: BondDetails | null = null;
  up = false;

  constructor(readonly id: BondId) {}
}

/**
 * Finds, in the stream of link events, the moments at which the active slave of a bond loses its carrier and another
 * could take over. Bounded by the bonds that it is told to look at, and their slaves.
 */
export class CarrierLosses {
  private readonly bonds = new Map<number, WatchedBond>();
  /** The bond of each slave. */
  private readonly bondOf = new Map<number, number>();
  private unconfirmed: Set<number> | null = null;

  /** Looks at these bonds from now on, and at no others. What is new among them is known with the next dump. */
  watch(bonds: ReadonlySet<BondId>): void {
    for (const ifindex of this.bonds.keys()) if (!bonds.has(asBond(ifindex))) this.forget(ifindex);
    for (const bond of bonds) if (!this.bonds.has(bond)) this.bonds.set(bond, new WatchedBond(bond));
  }

  /** Takes in one event. @returns the loss that it is, where somebody can take over; else null */
  apply(event: KernelEvent): CarrierLoss | null {
    if (event.type === 'linkGone') this.leave(event.ifindex);
    if (event.type !== 'link') return null;
    if (event.details.type === 'bond') this.applyBond(event, event.details);
    return event.bondSlaveActive === null && !this.bondOf.has(event.ifindex) ? null : this.applySlave(event);
  }

  /** Why a bond is left to the kernel; null where it is not, undefined where it is not known. */
  reason(bond: BondId): string | null | undefined {
    const details = this.bonds.get(bond)?.details;
    if (!details) return undefined;
    return details.mode === BOND_MODE_ACTIVEBACKUP ? leftToKernel(details) : undefined;
  }

  private applyBond({ ifindex, name, up }: LinkEvent, details: BondDetails): void {
    const bond = this.bonds.get(ifindex);
    if (bond) [bond.details, bond.up, bond.name] = [details, up, name];
  }

  private applySlave(event: LinkEvent): CarrierLoss | null {
    const { ifindex, name, up, lowerUp, master, bondSlaveActive, bondSlave } = event;
    if (bondSlave === undefined || master !== this.bondOf.get(ifindex)) this.leave(ifindex);
    const bond = master === null ? undefined : this.bonds.get(master);
    if (!bond || !bondSlave) return null;
    this.unconfirmed?.delete(ifindex);
    const held = bond.slaves.get(ifindex);
    const carrier = up && lowerUp;
    bond.slaves.set(ifindex, { name, carrier, ...bondSlave });
    this.bondOf.set(ifindex, bond.id);
    return held?.carrier && !carrier && bondSlaveActive === true && bondSlave.linkUp ? this.lost(bond, ifindex) : null;
  }

  private lost(bond: WatchedBond, slave: number): CarrierLoss | null {
    if (!bond.up || this.unconfirmed !== null || this.reason(bond.id) !== null) return null;
    const next = nextSlave(bond.slaves, slave, bond.details?.primary ?? null);
    return next === null ? null : { bond: bond.id, slave, next };
  }

  private leave(slave: number): void {
    this.bonds.get(this.bondOf.get(slave) ?? 0)?.slaves.delete(slave);
    this.bondOf.delete(slave);
  }

  private forget(bond: number): void {
    for (const slave of this.bonds.get(bond)?.slaves.keys() ?? []) this.bondOf.delete(slave);
    this.bonds.delete(bond);
  }

  /** Messages may have been lost, or a fresh dump begins: until it is over, what is held may be wrong, and nothing is a loss. */
  startDump(): void {
    this.unconfirmed = new Set(this.bondOf.keys());
  }

  /** @param orderOf asked where there is, or may be, a choice: a dump has the slaves in the order of their ifindexes */
  finishDump(orderOf: SlaveOrder): void {
    for (const slave of this.unconfirmed ?? []) this.leave(slave);
    this.unconfirmed = null;
    for (const bond of this.bonds.values()) if (bond.slaves.size > 1) sortSlaves(bond, orderOf);
  }
}

function sortSlaves(bond: WatchedBond, orderOf: SlaveOrder): void {
  const order = orderOf(bond.name, bond.id);
  const place = ({ name }: Slave): number => (order.includes(name) ? order.indexOf(name) : order.length);
  bond.slaves = new Map([...bond.slaves].sort(([, one], [, other]) => place(one) - place(other)));
}
