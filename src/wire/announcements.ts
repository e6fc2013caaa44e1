import type { BondId } from '../topology/bond-id.js';
import type { AnnounceConfig } from '../config/config.js';
import { SyscallError } from '../errors.js';
import { type AnnouncementTools, BondAnnouncements } from './bond-announcements.js';
import type { BondGuests } from './bond-guests.js';
import { LateBonds } from './late-bonds.js';
import type { Question } from '../plan/turns.js';
import type { RunResult } from '../plan/failover-record.js';
import { RunTally } from './bond-run.js';
import type { FirstRound, LossReason } from './thread-messages.js';

/** What follows the first burst, on each bond as if there were no other. Bounded by the number of bonds on the host. */
export class Announcements {
  private readonly bonds = new Map<BondId, BondAnnouncements>();
  /** By bond, what calls off the announcement that waits for a window. */
  private readonly held = new Map<BondId, () => void>();
  private readonly late: LateBonds;

  /**
   * @param guests by bond, the guests that are announced there
   * @param slaveOf the slave that carries the traffic of a bond now; null when none does
   * @param nameOf the name of a bond
   */
  constructor(
    private settings: AnnounceConfig,
    private readonly guests: ReadonlyMap<BondId, BondGuests>,
    private readonly tools: AnnouncementTools,
    private readonly slaveOf: (bond: BondId) => number | null,
    nameOf: (bond: BondId) => string | undefined,
  ) {
    this.late = new LateBonds(guests, nameOf);
  }

  /** The announcements to come are made by these settings; those that last, by the ones that they began with. */
  configure(settings: AnnounceConfig): void {
    this.settings = settings;
    for (const announcements of this.bonds.values()) announcements.configure(settings);
  }

  /** A bond has failed over, and its first burst is out. */
  failover(round: FirstRound): void {
    const { bond, damped, portion } = round;
    this.release(bond);
    this.late.failover(round);
    const announcements = this.of(bond);
    announcements?.end('superseded');
    if (damped !== null) return this.hold(bond, damped);
    if (!announcements || !portion) return this.note(round, null);
    try {
      announcements.begin(round, portion);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.note(round, error.errno === 'ENODEV' || error.errno === 'ENXIO' ? 'bond-gone' : 'refused');
    }
  }

  /** Nothing can leave by a bond any more. */
  lost(bond: BondId, reason: LossReason): void {
    this.bonds.get(bond)?.end(reason);
  }

  /** A guest of a bond is announceable from now on. @param key of its frame */
  joined(bond: BondId, key: string): void {
    if (!this.late.has(bond)) this.bonds.get(bond)?.joined(key);
  }

  /** Stations beyond a bond ask for addresses: where those are to be announced, they are next. */
  asked(bond: BondId, questions: readonly Question[]): void {
    this.bonds.get(bond)?.asked(questions);
  }

  /** ARP frames have left by a bond that are not ours. @param at monotonic clock, seconds */
  arpLeft(bond: BondId, frames: number, at: number): void {
    if (frames > 0) this.of(bond)?.plan.arpLeft(frames, at);
  }

  /**
   * Bonds or guests are others. Ends what lasts on bonds that are not there any more, and announces those that have failed
   * over while nobody was there, and have guests now.
   */
  follow(): void {
    for (const [bond, announcements] of this.bonds) {
      if (this.guests.has(bond)) continue;
      this.release(bond);
      announcements.end('bond-gone');
      this.bonds.delete(bond);
    }
    for (const bond of this.late.withGuests()) {
      const slave = this.slaveOf(bond);
      if (slave === null) continue; // its next failover announces them
      this.late.forget(bond);
      this.tools.events.emit('due', bond, slave, 'late');
    }
  }

  /** Whether a bond has failed over so often that it waits to be announced. */
  isHeld(bond: BondId): boolean {
    return this.held.has(bond);
  }

  stop(): void {
    for (const bond of [...this.held.keys()]) this.release(bond);
    for (const announcements of this.bonds.values()) announcements.end('stopped');
  }

  /** The announcements of a bond; undefined where none is watched. */
  of(bond: BondId): BondAnnouncements | undefined {
    const guests = this.guests.get(bond);
    if (!guests) return undefined;
    const held = this.bonds.get(bond) ?? new BondAnnouncements(bond, guests, this.settings, this.tools);
    this.bonds.set(bond, held);
    return held;
  }

  /** The bond is announced, as it stands then, when it may be, unless it fails over again before. */
  private hold(bond: BondId, until: number): void {
    const { clock, events } = this.tools;
    const now = clock.monotonic();
    events.emit('ended', bond, new RunTally(now).report('damped', now));
    const look = (): void => {
      const wait = until - clock.monotonic();
      if (wait > 0) return void this.held.set(bond, clock.after(wait, look));
      this.held.delete(bond);
      const slave = this.slaveOf(bond);
      if (slave !== null) events.emit('due', bond, slave, 'window');
    };
    look();
  }

  private release(bond: BondId): void {
    this.held.get(bond)?.();
    this.held.delete(bond);
  }

  /** An announcement that was over when its first round was. */
  private note(round: FirstRound, ending: RunResult | null): void {
    const { bond, arrived } = round;
    const tally = new RunTally(arrived, round);
    this.tools.events.emit('ended', bond, tally.report(ending, this.tools.clock.monotonic()));
  }
}
