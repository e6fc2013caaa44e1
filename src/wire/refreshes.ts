import type { AnnounceConfig, FrameKind } from '../config/config.js';
import { SyscallError } from '../errors.js';
import { RefreshPlan } from '../plan/refresh-plan.js';
import type { Place } from '../plan/turns.js';
import type { BondId } from '../topology/bond-id.js';
import type { Announcements } from './announcements.js';
import type { AnnouncementTools } from './bond-announcements.js';
import type { BondGuests } from './bond-guests.js';
import { BondRun } from './bond-run.js';

/** What refreshing needs of the rest of the daemon. */
interface RefreshTools extends AnnouncementTools {
  /** When frames of a guest last left by a bond: monotonic clock, seconds; -Infinity for never. */
  readonly heardLeaving: (bond: BondId, place: Place) => number;
  /** Whether a bond has a link to send by, and is heard: else nobody would tell that a guest has moved away. */
  readonly isInOrder: (bond: BondId) => boolean;
}

/** Announces silent guests now and then, without a failover, where that is wanted. Bounded by the bonds of the host. */
export class Refreshes {
  private readonly bonds = new Map<BondId, { readonly plan: RefreshPlan; readonly run: BondRun }>();
  private begun = false;

  /** @param guests by bond, the guests that are announced there */
  constructor(
    private settings: AnnounceConfig,
    private readonly guests: ReadonlyMap<BondId, BondGuests>,
    private readonly announcements: Announcements,
    private readonly tools: RefreshTools,
  ) {}

  /** The host is known: from now on silent guests are refreshed. */
  begin(): void {
    this.begun = true;
    this.follow();
  }

  configure(settings: AnnounceConfig): void {
    this.stop();
    this.settings = settings;
    this.follow();
  }

  /** Bonds may be others. */
  follow(): void {
    const { refresh } = this.settings;
    if (!this.begun || refresh === null) return;
    for (const bond of this.bonds.keys()) if (!this.guests.has(bond)) this.end(bond);
    for (const [bond, guests] of this.guests) if (!this.bonds.has(bond)) this.start(bond, guests, refresh);
  }

  /** A guest of a bond is announced from now on. @param key of its frame */
  joined(bond: BondId, key: string): void {
    this.bonds.get(bond)?.plan.joined(key, this.tools.clock.monotonic());
  }

  stop(): void {
    for (const bond of [...this.bonds.keys()]) this.end(bond);
  }

  private end(bond: BondId): void {
    this.bonds.get(bond)?.run.cancel();
    this.bonds.delete(bond);
  }

  /** Where the bond cannot be sent on, because it goes in this moment, the next change of the host tries again. */
  private start(bond: BondId, guests: BondGuests, refresh: number): void {
    const { clock, chance, openPort, events } = this.tools;
    const announcing = this.announcements.of(bond);
    if (!announcing) return;
    const refreshable = {
      ...announcing.announceable,
      heardLeaving: (place: Place) => this.tools.heardLeaving(bond, place),
      allowed: () => this.allowed(bond),
    };
    const { kinds, garp } = this.settings;
    const plan = new RefreshPlan({ kinds, garp, refresh }, announcing.buckets, refreshable, chance, clock.monotonic());
    try {
      const run = new BondRun(plan, openPort(bond), {
        clock,
        mayGo: () => this.guests.get(bond) === guests,
        refresh: () => events.emit('guestsChanged'),
        sent: (kind: FrameKind, frames: number) => events.emit('refreshed', bond, kind, frames),
        refused: (kind: FrameKind, code: string, frames: number) =>
          events.emit('notRefreshed', bond, kind, code, frames),
        paused: () => undefined,
        ended: () => undefined,
      });
      this.bonds.set(bond, { plan, run });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }

  /** A bond that fails over too often is left alone: each frame would be a move of its guest more for the fabric to count. */
  private allowed(bond: BondId): 'all' | 'rarp' | 'nothing' {
    if (!this.tools.isInOrder(bond) || this.announcements.isHeld(bond)) return 'nothing';
    return this.announcements.of(bond)?.lasts ? 'rarp' : 'all';
  }
}
