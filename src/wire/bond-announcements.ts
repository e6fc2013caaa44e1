import { sharedCell } from '../plan/limits.js';
import { type BondId, isOvsBond } from '../topology/bond-id.js';
import type { AnnounceConfig, FrameKind } from '../config/config.js';
import type { SuppressReason } from '../guests/verdict.js';
import type { Address, Announceable, Place, Question, ReportsOf } from '../plan/turns.js';
import { BondPlan, type Buckets, newBuckets } from '../plan/bond-plan.js';
import type { Clock } from '../sys/clock.js';
import { bucketWord, controlWords, EPOCH } from './batch-memory.js';
import type { Portion } from './batch-writer.js';
import type { BondGuests } from './bond-guests.js';
import { BondRun, RunTally } from './bond-run.js';
import type { RunResult } from '../plan/failover-record.js';
import type { DaemonEmitter } from './events.js';
import type { SlicePort } from './slice-port.js';
import type { FirstRound } from './thread-messages.js';

/** They end when the kernel has acted on the bond's carrier, which it may do after it has told of a new active slave. */
const WAIT_FOR_A_PORT: readonly SuppressReason[] = ['uplink-not-forwarding', 'uplink-down'];

/** What announcements need of the rest of the daemon. */
export interface AnnouncementTools {
  readonly clock: Clock;
  /** Numbers from 0 to 1. */
  readonly chance: () => number;
  /** Opens a port on a bond. @throws SyscallError */
  readonly openPort: (bond: BondId) => SlicePort;
  /** @param now monotonic clock, seconds */
  readonly addressesOf: (bond: BondId, place: Place, now: number) => readonly Address[];
  readonly reportsOf: ReportsOf;
  readonly events: DaemonEmitter;
}

/** The announcements of one bond, one at a time. */
export class BondAnnouncements {
  /** What everything that we send on the bond draws from. */
  readonly buckets: Buckets;
  readonly plan: BondPlan;
  /** Who is announced. */
  readonly announceable: Announceable;
  private readonly control: Int32Array;
  /** The settings of the next announcement; those of the last one until it is over. */
  private wanted: AnnounceConfig;
  private run: { readonly on: BondRun; readonly tally: RunTally } | null = null;

  constructor(
    private readonly bond: BondId,
    private readonly guests: BondGuests,
    private settings: AnnounceConfig,
    private readonly tools: AnnouncementTools,
  ) {
    const { batch } = guests;
    this.wanted = settings;
    this.buckets = newBuckets(settings.rate, sharedCell(bucketWord(batch.memory)));
    this.announceable = {
      keys: () => guests.keys(),
      rarp: (key: string) => guests.rarp(key),
      place: (key: string) => guests.place(key),
      addresses: (place: Place, now: number) => tools.addressesOf(bond, place, now),
      reports: (place: Place, now: number) => tools.reportsOf(bond, place, now),
      waiting: () => batch.isWithheld || WAIT_FOR_A_PORT.some((reason) => guests.countSuppressed().has(reason)),
    };
    this.control = controlWords(batch.memory);
    this.plan = new BondPlan(settings, this.buckets, this.announceable, tools.chance);
  }

  /** How often the bond has failed over, as the failover thread counts it. */
  get epoch(): number {
    return Atomics.load(this.control, EPOCH);
  }

  /** Whether an announcement lasts. */
  get lasts(): boolean {
    return this.run !== null;
  }

  /** Announces by these settings from now on; an announcement that lasts ends with those that it began with. */
  configure(settings: AnnounceConfig): void {
    this.wanted = settings;
    if (!this.run) this.adopt();
  }

  /**
   * The first round has gone out, or a part of it: the rest follows, and the later rounds. To be called after `end`.
   * @throws SyscallError when the bond cannot be sent on
   */
  begin(round: FirstRound, portion: Portion): void {
    const tally = new RunTally(round.arrived, round);
    const port = this.tools.openPort(this.bond);
    this.tools.events.emit('began', this.bond);
    const { doneByOvs } = round;
    this.plan.begin(round.arrived, (key) => doneByOvs?.has(key) ?? this.guests.batch.wasIn(portion, key));
    this.run = { tally, on: new BondRun(this.plan, port, this.surroundings(round, portion, tally)) };
  }

  /** Ends the announcement that lasts, if one does. @param ending why; null: it is complete */
  end(ending: RunResult | null): void {
    if (!this.run) return;
    const { on, tally } = this.run;
    this.run = null;
    on.cancel();
    this.tools.events.emit('nextRound', this.bond, null);
    this.tools.events.emit('ended', this.bond, tally.report(ending, this.tools.clock.monotonic()));
    this.adopt();
  }

  /** A guest is announceable from now on. @param key of its frame */
  joined(key: string): void {
    if (!this.run) return;
    this.plan.joined(key, this.tools.clock.monotonic());
    this.run.on.wake();
  }

  /** Stations outside ask for addresses. */
  asked(questions: readonly Question[]): void {
    if (!this.run) return;
    const isNews = questions.filter((question) => this.plan.asked(question)).length > 0;
    if (isNews) this.run.on.wake();
  }

  private adopt(): void {
    if (this.settings === this.wanted) return;
    this.settings = this.wanted;
    const now = this.tools.clock.monotonic();
    const { rarp, arp, na, mcast } = this.settings.rate;
    // The failover thread has converted the tokens of RARP to the new rate, but for Open vSwitch's bonds.
    if (isOvsBond(this.bond)) this.buckets.rarp.configure(rarp, now);
    else this.buckets.rarp.follow(rarp, now);
    this.buckets.garp.configure(arp, now);
    this.buckets.na.configure(na, now);
    this.buckets.mcast.configure(mcast, now);
    this.plan.configure(this.settings);
  }

  private surroundings({ epoch, cause, arrived, doneByOvs }: FirstRound, { turns, count }: Portion, tally: RunTally) {
    const { bond, plan } = this;
    const { clock, events } = this.tools;
    let heldUp = cause === 'failover' && turns < count;
    let noneOut = heldUp && (doneByOvs !== undefined || turns === 0);
    return {
      clock,
      mayGo: () => this.epoch === epoch,
      refresh: () => events.emit('guestsChanged'),
      sent(kind: FrameKind, frames: number): void {
        tally.sent(kind, frames);
        events.emit('sent', bond, kind, frames, plan.roundsBegun);
        if (!noneOut || kind !== 'rarp') return;
        noneOut = false;
        events.emit('firstFrameOut', bond, clock.monotonic() - arrived);
      },
      refused(kind: FrameKind, code: string, frames: number): void {
        tally.refused(frames);
        events.emit('refused', bond, kind, code, frames);
      },
      paused: () => {
        events.emit('nextRound', bond, plan.nextRound);
        if (plan.nextRarp !== null) this.guests.batch.startWith(plan.nextRarp);
        if (!heldUp || !plan.firstRoundIsOut) return;
        heldUp = false;
        events.emit('firstRoundOut', bond, clock.monotonic() - arrived);
      },
      ended: () => this.end(null),
    };
  }
}
