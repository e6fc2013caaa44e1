import type { OvsBonds } from '../host/ovs/bonds.js';
import type { OvsPort } from '../sources/ovs/config.js';
import type { Clock } from '../sys/clock.js';
import { type BondId, isOvsBond } from '../topology/bond-id.js';
import { servedBonds, type Bond } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { OvsFirstRounds } from '../wire/ovs-first-rounds.js';
import type { FirstRoundSettings, OrderCause } from '../wire/thread-messages.js';
import type { Tools } from './surroundings.js';

/** What decides whether a bond has failed over. */
interface BondState {
  readonly active: number | null;
  /** The members of a bond of mode balance-slb that are down: each of them carried some guests' frames. */
  readonly down: ReadonlySet<string>;
  readonly members: ReadonlySet<string>;
}

/** What the watch needs of the rest of the daemon. */
interface OvsWatchTools extends Pick<Tools, 'clock' | 'events'> {
  readonly topology: Topology;
  readonly bonds: ReadonlyMap<BondId, BondGuests>;
  readonly ovs: OvsBonds;
  /** Has the MAC tables read anew, for guests that are news. @returns when they are known; never rejects */
  readTables(): Promise<void>;
}

/**
 * Notices failovers of the bonds that Open vSwitch keeps, which are not the failover thread's: from one state of the
 * database to the next. Open vSwitch announces when it chooses another active member, and, with balance-slb, when any
 * member goes down (ofproto/bond.c:bond_run); so do we. Holds one entry a bond.
 */
export class OvsBondWatch {
  private states = new Map<BondId, BondState>();
  private readonly rounds: OvsFirstRounds;

  constructor(
    private readonly tools: OvsWatchTools,
    { damping }: Pick<FirstRoundSettings, 'damping'>,
  ) {
    this.rounds = new OvsFirstRounds(tools.bonds, damping);
  }

  /** Failovers to come are held back as these settings say. */
  configure({ damping }: Pick<FirstRoundSettings, 'damping'>): void {
    this.rounds.configure(damping);
  }

  /** Looks for failovers after the host's state may have changed. A bond's first state only says where we start. */
  compare(): void {
    const { topology } = this.tools;
    const before = this.states;
    const bonds = servedBonds(topology).filter(({ ifindex }) => isOvsBond(ifindex));
    this.states = new Map(bonds.map((bond) => [bond.ifindex, this.stateOf(bond)]));
    for (const bond of before.keys()) if (!this.states.has(bond)) this.rounds.forget(bond);
    for (const [bond, state] of this.states) {
      const held = before.get(bond);
      if (held) this.compareBond(bond, held, state);
    }
  }

  /** Announces a bond of Open vSwitch now, as if it had failed over to `slave`. */
  announce(bond: BondId, slave: number, cause: OrderCause): void {
    if (isOvsBond(bond)) this.begin(bond, slave, cause);
  }

  private compareBond(bond: BondId, held: BondState, { active, down }: BondState): void {
    const fell = [...down].some((member) => held.members.has(member) && !held.down.has(member));
    if (active !== null && (active !== held.active || fell)) return this.begin(bond, active, 'failover');
    if (active !== null || held.active === null) return;
    this.rounds.cancel(bond);
    this.tools.events.emit('lost', bond, 'no-active-slave');
  }

  /** After a failover of this moment Open vSwitch sends RARPs itself; by any other cause all guests are left to us. */
  private begin(bond: BondId, slave: number, cause: 'failover' | OrderCause): void {
    const { clock, ovs, bonds, events } = this.tools;
    const now = clock.monotonic();
    const guests = bonds.get(bond);
    const done = cause === 'failover' && guests ? ovs.doneByOvs(bond, guests) : new Set<string>();
    const outcome = cause === 'window' ? this.rounds.release(bond, now) : this.rounds.failover(bond, done.size, now);
    if (!outcome) return;
    events.emit('failover', { bond, slave, cause, arrived: now, ...outcome, doneByOvs: done });
    void this.tools.readTables().then(() => this.makeUp(bond, outcome.epoch, done));
  }

  /** Announces those who turn out not to be in the MAC table, for example because it was flushed. */
  private makeUp(bond: BondId, epoch: number, done: ReadonlySet<string>): void {
    const guests = this.tools.bonds.get(bond);
    if (!guests || !this.rounds.lasts(bond, epoch)) return;
    const sure = this.tools.ovs.doneByOvs(bond, guests);
    for (const key of done) if (!sure.has(key) && guests.place(key)) this.tools.events.emit('announceable', bond, key);
  }

  private stateOf({ ifindex, activeSlave }: Bond): BondState {
    const port = this.tools.ovs.find(ifindex)?.port;
    const shares = port?.bond?.mode === 'balance-slb' && !port.bond.fallsBack ? port.interfaces : [];
    return {
      active: activeSlave?.ifindex ?? null,
      members: uuids(shares),
      down: uuids(shares.filter(({ up, lowerUp }) => !up || !lowerUp)),
    };
  }
}

function uuids(interfaces: OvsPort['interfaces']): Set<string> {
  return new Set(interfaces.map(({ uuid }) => uuid));
}

/** So many seconds before a round it is looked who is to be announced in it. */
const LEAD = 0.3;

/** Has something read again shortly before each round of an announcement. Holds one entry a bond that is announced. */
export class BeforeRounds {
  private readonly pending = new Map<BondId, { readonly at: number; readonly cancel: () => void }>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
    private readonly read: () => unknown,
  ) {}

  /** A bond's next round is at `at` (monotonic clock, seconds); null: there is none. */
  expect(bond: BondId, at: number | null): void {
    const held = this.pending.get(bond);
    if (held?.at === at) return;
    held?.cancel();
    this.pending.delete(bond);
    if (at === null) return;
    const wait = Math.max(0, at - LEAD - this.clock.monotonic());
    this.pending.set(bond, { at, cancel: this.clock.after(wait, () => void this.read()) });
  }
}
