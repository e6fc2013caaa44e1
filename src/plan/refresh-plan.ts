import type { FrameKind, GarpForm } from '../config/config.js';
import type { Buckets } from './bond-plan.js';
import { TokenBucket } from './limits.js';
import {
  addressTurns,
  type Announceable,
  announcedAddresses,
  bytesNow,
  type DueFrame,
  type Place,
  rarpTurn,
  type Turn,
  TurnQueue,
} from './turns.js';

/** Who is refreshed on a bond, at the moment of asking. */
interface Refreshable extends Announceable {
  /** When frames of a guest last left there: monotonic clock, seconds; -Infinity for never. */
  heardLeaving(place: Place): number;
  /** What may be sent now: while an announcement lasts no more than RARP. */
  allowed(): 'all' | 'rarp' | 'nothing';
}

/** How silent guests are refreshed. */
interface RefreshSettings {
  readonly kinds: readonly FrameKind[];
  readonly garp: GarpForm;
  /** After how many seconds of silence. */
  readonly refresh: number;
}

/** Each guest is looked at so often in the time after which it is refreshed. */
const LOOKS = 4;
/** And then refreshed from this share of that time on: at the fourth look after the last time, not at the third. */
const DUE = 0.8;
/** Rounds of looks are shorter by up to this share, so that hosts that began together do not stay so. */
const JITTER = 0.1;
/** No faster than so many times the mean of all guests, a second: what fell silent together is drawn apart by that. */
const MOST = 1.45;
/** And with so much of a second's at once. */
const BURST = 0.03;
/** Looks are gathered for so long, in seconds; what waits for tokens looks again after that. */
const STEP = 0.1;
/** So many guests are looked at in one go: a fraction of a millisecond. */
const GUESTS_A_STEP = 256;
/** Newcomers are laid over the time one by one, each this share of it on: by the golden ratio no two come close. */
const GOLDEN = 0.618033988749895;

/**
 * Decides when which silent guests of a bond are announced though it has not failed over. All are looked at in turn, at an
 * even pace; one that has neither been heard nor refreshed for nearly the time is refreshed. Announcements do not count:
 * after a failover all would be due at one time. It spends only what leaves half of each bucket's burst for a failover.
 * Times are in seconds on the monotonic clock. Bounded by the guests and addresses of the bond.
 */
export class RefreshPlan {
  /** By the keys of their frames, when each was refreshed last; the one that waits longest for a look first. */
  private readonly ring = new Map<string, number>();
  private readonly due = new TurnQueue<Turn>();
  private readonly queues = { garp: new TurnQueue<Turn>(), na: new TurnQueue<Turn>() };
  private readonly pace: TokenBucket;
  private pacedFor = 0;
  private newcomers = 0;
  /** How much shorter this round of looks is, and how many of it are left. */
  private round = { share: 1, left: 0 };
  /** When the next look is due. */
  private lookAt: number;

  constructor(
    private readonly settings: RefreshSettings,
    private readonly buckets: Buckets,
    private readonly guests: Refreshable,
    private readonly chance: () => number,
    now: number,
  ) {
    this.lookAt = now;
    this.pace = new TokenBucket({ rate: 1, burst: 1 });
    for (const key of guests.keys()) this.joined(key, now);
  }

  /** A guest is announced from now on. */
  joined(key: string, now: number): void {
    if (this.ring.has(key)) return;
    const phase = (this.newcomers++ * GOLDEN) % 1;
    this.ring.set(key, now - phase * this.settings.refresh);
  }

  /** At most `limit` frames that may go now, their tokens spent. */
  next(now: number, limit: number): DueFrame[] {
    const allowed = this.guests.allowed();
    this.look(now, allowed !== 'nothing');
    if (allowed === 'nothing') return [];
    const frames = this.takeGuests(now, limit);
    if (allowed === 'all') for (const kind of ['garp', 'na'] as const) this.takeAddresses(kind, frames, now, limit);
    return frames;
  }

  /** Frames of the last `next` that could not be sent now: they are first when they can. */
  putBack(frames: readonly DueFrame[]): void {
    for (const kind of ['rarp', 'garp', 'na'] as const) {
      const turns = frames.flatMap(({ turn }) => (turn.kind === kind ? [turn] : []));
      (kind === 'rarp' ? this.due : this.queues[kind]).putBack(turns);
      this.buckets[kind].giveBack(turns.length);
    }
  }

  /** When there will be something to do. */
  wakeAt(now: number): number {
    const waits = this.queues.garp.size + this.queues.na.size > 0;
    const times = [this.lookAt <= now ? now : Math.max(waits ? 0 : this.lookAt, now + STEP)];
    if (this.due.size > 0 && this.guests.allowed() !== 'nothing')
      times.push(this.spare('rarp', now) > 0 ? this.pace.readyAt(1, now) : now + STEP);
    return Math.min(...times);
  }

  /** It is over. */
  cancel(): void {
    for (const queue of [this.due, this.queues.garp, this.queues.na]) queue.clear();
    this.ring.clear();
  }

  /** Looks at those whose turn has come since the last time. @param joins whether those that are due are to be refreshed */
  private look(now: number, joins: boolean): void {
    for (let n = 0; n < GUESTS_A_STEP && this.lookAt <= now; n++) {
      const [first] = this.ring;
      if (!first) return void (this.lookAt = now + STEP);
      if (this.round.left-- <= 0) this.round = { share: 1 - JITTER * this.chance(), left: this.ring.size - 1 };
      this.lookAt += (this.settings.refresh * this.round.share) / (LOOKS * this.ring.size);
      this.lookAtGuest(first[0], first[1], now, joins);
    }
    if (this.lookAt < now - this.settings.refresh) this.lookAt = now; // it slept
  }

  private lookAtGuest(key: string, refreshed: number, now: number, joins: boolean): void {
    this.ring.delete(key);
    const place = this.guests.place(key);
    if (!place) return;
    const last = Math.max(refreshed, this.guests.heardLeaving(place));
    const isDue = joins && now - last > DUE * this.settings.refresh;
    this.ring.set(key, isDue ? now : refreshed);
    if (isDue) this.due.join(rarpTurn(key));
  }

  /** The guests whose turn it is: their RARP, and their addresses join those that wait. */
  private takeGuests(now: number, limit: number): DueFrame[] {
    this.keepPace(now);
    const { kinds, garp } = this.settings;
    const hasRarp = kinds.includes('rarp');
    const frames: DueFrame[] = [];
    for (let n = 0; n < GUESTS_A_STEP && this.due.size > 0; n++) {
      if (hasRarp && (frames.length >= limit || this.spare('rarp', now) < 1)) break;
      if (this.pace.take(1, now) === 0) break;
      const turn = this.due.head();
      this.due.shift();
      const bytes = turn && bytesNow(turn, this.guests, now);
      if (!bytes) continue;
      if (hasRarp && this.buckets.rarp.take(1, now) > 0) frames.push({ turn, bytes });
      for (const { ip } of announcedAddresses(this.guests, turn.key, now))
        for (const each of addressTurns(turn.key, ip, garp))
          if (kinds.includes(each.kind)) this.queues[each.kind].join(each);
    }
    return frames;
  }

  private takeAddresses(kind: 'garp' | 'na', frames: DueFrame[], now: number, limit: number): void {
    const queue = this.queues[kind];
    for (let n = 0; n < GUESTS_A_STEP && queue.size > 0; n++) {
      if (frames.length >= limit || this.spare(kind, now) < 1) return;
      const turn = queue.head();
      queue.shift();
      const bytes = turn && bytesNow(turn, this.guests, now);
      if (bytes && this.buckets[kind].take(1, now) > 0) frames.push({ turn, bytes });
    }
  }

  /** How many tokens there are beyond those that a failover is to find. */
  private spare(kind: FrameKind, now: number): number {
    return this.buckets[kind].beyondHalf(now);
  }

  private keepPace(now: number): void {
    const { size } = this.ring;
    if (size === this.pacedFor || size === 0) return;
    this.pacedFor = size;
    const rate = (MOST * size) / this.settings.refresh;
    this.pace.configure({ rate, burst: Math.max(1, Math.floor(BURST * rate)) }, now);
  }
}
