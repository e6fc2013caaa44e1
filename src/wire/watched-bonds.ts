import { BondheraldError } from '../errors.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import type { Owner } from '../sys/process/thread.js';
import { type Moment, ReadyFirstRound } from './first-round.js';
import type {
  FirstRoundSettings,
  FromFailoverThread,
  LossReason,
  OrderCause,
  RoundOutcome,
  ToFailoverThread,
} from './thread-messages.js';

/** Of a bond that is not watched, or not yet: nobody is announced. */
const UNWATCHED: RoundOutcome = {
  sent: 0,
  errors: {},
  portion: null,
  epoch: 0,
  damped: null,
  firstFrame: 0,
  lastFrame: 0,
};

/** The bonds that the failover thread announces, as its owner ordered. Bounded by the number of bonds on the host. */
export class WatchedBonds {
  private readonly bonds = new Map<number, ReadyFirstRound>();
  running = true;

  constructor(private readonly owner: Owner<ToFailoverThread, FromFailoverThread>) {}

  /**
   * Carries out what the owner has asked for since the last call.
   * @param begin gives the moment at which a bond is announced by order
   * @param echo asks the kernel for an answer
   */
  takeOrders(begin: () => Moment, echo: () => void = () => undefined): void {
    for (const order of this.owner.received()) {
      if (order.type === 'stop') this.running = false;
      else if (order.type === 'forget') this.letGo(order.bond);
      else if (order.type === 'watch') this.watch(order);
      else if (order.type === 'echo') echo();
      else if (order.type === 'configure') this.configure(order, begin().now);
      else this.announce(order, begin());
    }
  }

  /** A bond has failed over: sends its first round. */
  failover(bond: number, moment: Moment): RoundOutcome {
    return this.bonds.get(bond)?.failover(moment) ?? UNWATCHED;
  }

  /** Nothing can leave by a bond any more: ends its run. */
  lost(bond: number, reason: LossReason): void {
    if (this.bonds.get(bond)?.lost()) this.owner.post({ type: 'lost', bond, reason });
  }

  close(): void {
    for (const bond of [...this.bonds.keys()]) this.forget(bond);
  }

  private announce({ bond, slave, cause }: { bond: number; slave: number; cause: OrderCause }, moment: Moment): void {
    const watched = this.bonds.get(bond);
    const round = cause === 'window' ? watched?.release(moment) : watched?.failover(moment);
    if (round) this.owner.post({ type: 'failover', bond, slave, cause, arrived: moment.now, ...round });
  }

  private configure(settings: FirstRoundSettings, now: number): void {
    for (const bond of this.bonds.values()) bond.configure(settings, now);
    this.owner.post({ type: 'configured' });
  }

  private watch({ bond, ...ready }: ToFailoverThread & { type: 'watch' }): void {
    this.forget(bond);
    let error: string | null = null;
    try {
      this.bonds.set(bond, new ReadyFirstRound(openPacketSender(bond), ready));
    } catch (failure) {
      if (!(failure instanceof BondheraldError)) throw failure;
      error = failure.message;
    }
    this.owner.post({ type: 'watching', bond, error });
  }

  private letGo(bond: number): void {
    this.forget(bond);
    this.owner.post({ type: 'forgotten' });
  }

  private forget(bond: number): void {
    this.bonds.get(bond)?.close();
    this.bonds.delete(bond);
  }
}
