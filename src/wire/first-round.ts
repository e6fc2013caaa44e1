import type { BondId } from '../topology/bond-id.js';
import { failureOf } from '../errors.js';
import { Damping, sharedCell, TokenBucket } from '../plan/limits.js';
import type { PacketSender } from '../sys/packets/packet-sender.js';
import type { Owner } from '../sys/process/thread.js';
import { bucketWord, controlWords, EPOCH, MESSAGE_BYTES, START, WITHHELD } from './batch-memory.js';
import type { Portion } from './batch-writer.js';
import { BatchReader, type BurstOutcome, sendBurst } from './burst.js';
import type { StopOrder, ThreadReport } from './thread-handle.js';
import {
  type FirstRoundSettings,
  type FromFailoverThread,
  type LossReason,
  NO_ROUND,
  type RoundOutcome,
  type ToFailoverThread,
} from './thread-messages.js';

/** Opens the socket that a bond's first rounds leave by. @throws BondheraldError */
export type OpenSender = (ifindex: number) => PacketSender;

/** The failover thread's way to the daemon. */
export type FailoverOwner = Owner<ToFailoverThread | StopOrder, FromFailoverThread | ThreadReport>;

/** What a first round needs of its surroundings. */
export interface Moment {
  /** Monotonic clock, seconds. */
  readonly now: number;
  /** Seconds since the kernel's message arrived. */
  readonly sinceArrival: () => number;
  /** Waits about a millisecond for a queue to drain. */
  readonly pause: () => void;
}

/** The first round of one bond, ready to go: what the failover thread holds of a bond. */
export class ReadyFirstRound {
  private readonly batch: BatchReader;
  private readonly control: Int32Array;
  private bucket: TokenBucket | null = null;
  private readonly damping: Damping;
  private mayHaveRun = false;
  /** The bond was deleted: what is sent goes nowhere, though another bond may have its ifindex by now. */
  private isStale = false;

  private sender: PacketSender;

  /** @param open opens the socket. @throws BondheraldError where the bond cannot be sent on */
  constructor(
    private readonly open: () => PacketSender,
    private readonly order: Omit<ToFailoverThread & { type: 'watch' }, 'type' | 'bond'>,
  ) {
    const { memory, capacity, rate, damping } = order;
    this.sender = open();
    this.batch = new BatchReader(memory, capacity);
    this.control = controlWords(memory);
    this.setRate(rate, 0);
    this.damping = new Damping(damping);
  }

  /** Announces in another way from now on. Tokens and what was announced before count on. @param now monotonic clock, seconds */
  configure({ rate, damping }: FirstRoundSettings, now: number): void {
    this.setRate(rate, now);
    this.damping.configure(damping);
  }

  private setRate(rate: FirstRoundSettings['rate'], now: number): void {
    if (rate === null) this.bucket = null;
    else if (this.bucket) this.bucket.configure(rate, now);
    else this.bucket = new TokenBucket(rate, sharedCell(bucketWord(this.order.memory)));
  }

  /** A failover: cancels the run that lasts, and sends the first round of the next, unless there were too many. */
  failover(moment: Moment): RoundOutcome {
    const epoch = this.cancel();
    const damped = this.damping.failover(moment.now);
    if (damped === null) return this.send(epoch, moment);
    return { ...NO_ROUND, epoch, damped };
  }

  /** Somebody takes the bond down, or a slave out of it. @param now monotonic clock, seconds */
  remade(now: number): void {
    this.damping.remade(now);
  }

  /** Announces what was held back. @returns null when that is not to be, or not yet */
  release(moment: Moment): RoundOutcome | null {
    return this.damping.release(moment.now) ? this.send(this.cancel(), moment) : null;
  }

  /** Nothing can leave by the bond any more. @returns whether there may be a run that ends with that */
  lost(reason: LossReason): boolean {
    this.isStale ||= reason === 'bond-gone';
    const had = this.mayHaveRun;
    if (had) this.cancel();
    this.mayHaveRun = false;
    return had;
  }

  close(): void {
    this.sender.close();
  }

  /** From here on nothing is sent for the run that lasts. */
  private cancel(): number {
    return Atomics.add(this.control, EPOCH, 1) + 1;
  }

  /** A bond that was deleted and made again with the same ifindex has none of the sockets of the one before. */
  private reopen(): void {
    if (failureOf(() => this.replaceSender(this.open())) === null) this.isStale = false;
  }

  private replaceSender(sender: PacketSender): void {
    this.sender.close();
    this.sender = sender;
  }

  private send(epoch: number, { now, sinceArrival, pause }: Moment): RoundOutcome {
    if (this.isStale) this.reopen();
    this.mayHaveRun = true;
    const firstFrame = sinceArrival();
    return this.batch.read((messages, count, edition) => {
      const isWithheld = Atomics.load(this.control, WITHHELD) !== 0;
      const turns = isWithheld ? 0 : (this.bucket?.take(count, now) ?? 0);
      const start = turns === count ? 0 : Atomics.load(this.control, START) % count;
      const portion = { edition, start, count, turns };
      const outcome = this.sendPortion(messages, portion, pause);
      Atomics.store(this.control, START, turns === count ? 0 : (start + turns) % count);
      if (count === 0) this.damping.takeBack();
      return { ...outcome, portion, epoch, damped: null, firstFrame, lastFrame: sinceArrival() };
    });
  }

  private sendPortion(messages: bigint, { start, count, turns }: Portion, pause: () => void): BurstOutcome {
    const upToEnd = Math.min(turns, count - start);
    const errors = {};
    const first = sendBurst(this.sender, messages + BigInt(start * MESSAGE_BYTES), upToEnd, pause, errors);
    if (upToEnd === turns) return first;
    const rest = sendBurst(this.sender, messages, turns - upToEnd, pause, errors);
    return { sent: first.sent + rest.sent, errors };
  }
}

/** Who carries out the orders that are not about first rounds. */
interface OtherOrders {
  /** Asks the kernel for an answer. */
  echo(): void;
  /** Changes the active slave of these bonds at the loss of carrier. */
  switchBonds(bonds: readonly BondId[]): void;
}

const NOBODY: OtherOrders = { echo: () => undefined, switchBonds: () => undefined };

/** The bonds that the failover thread announces, as its owner ordered. Bounded by the number of bonds on the host. */
export class WatchedBonds {
  private readonly bonds = new Map<BondId, ReadyFirstRound>();
  running = true;

  constructor(
    private readonly owner: FailoverOwner,
    private readonly openSender: OpenSender,
  ) {}

  /** Carries out new orders. @param begin gives the moment of an announcement */
  carryOutOrders(begin: () => Moment, others = NOBODY): void {
    for (const order of this.owner.received()) {
      if (order.type === 'stop') this.running = false;
      else if (order.type === 'echo') others.echo();
      else if (order.type === 'announce') this.announce(order, begin());
      else {
        if (order.type === 'forget') this.forget(order.bond);
        else if (order.type === 'watch') this.watch(order);
        else if (order.type === 'switch') others.switchBonds(order.bonds);
        else for (const bond of this.bonds.values()) bond.configure(order, begin().now);
        this.owner.post({ type: 'answer', error: null });
      }
    }
  }

  /** Whether a bond is announced. */
  has(bond: BondId): boolean {
    return this.bonds.has(bond);
  }

  /** A bond has failed over: sends its first round. */
  failover(bond: BondId, moment: Moment): RoundOutcome {
    return this.bonds.get(bond)?.failover(moment) ?? NO_ROUND;
  }

  /** Nothing can leave by a bond any more: ends its run. */
  lost(bond: BondId, reason: LossReason): void {
    if (this.bonds.get(bond)?.lost(reason)) this.owner.post({ type: 'lost', bond, reason });
  }

  /** Somebody takes a bond down, or a slave out of it. @param now monotonic clock, seconds */
  remade(bond: BondId, now: number): void {
    this.bonds.get(bond)?.remade(now);
  }

  close(): void {
    for (const bond of [...this.bonds.keys()]) this.forget(bond);
  }

  private announce({ bond, slave, cause }: ToFailoverThread & { type: 'announce' }, moment: Moment): void {
    const watched = this.bonds.get(bond);
    const round = cause === 'window' ? watched?.release(moment) : watched?.failover(moment);
    if (round) this.owner.post({ type: 'failover', bond, slave, cause, arrived: moment.now, ...round });
  }

  private watch({ bond, ...ready }: ToFailoverThread & { type: 'watch' }): void {
    this.forget(bond);
    const failure = failureOf(() => this.bonds.set(bond, new ReadyFirstRound(() => this.openSender(bond), ready)));
    if (failure) this.owner.post({ type: 'unwatched', bond, error: failure.message });
  }

  private forget(bond: BondId): void {
    this.bonds.get(bond)?.close();
    this.bonds.delete(bond);
  }
}
