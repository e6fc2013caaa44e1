import { type AnnounceConfig, FRAME_KINDS, type FrameKind } from '../config/config.js';
import {
  addressTurns,
  type Announceable,
  announcedAddresses,
  bytesNow,
  type DueFrame,
  Holders,
  type Question,
  rarpTurn,
  reportTurns,
  type Turn,
  TurnQueue,
} from './turns.js';
import { stackKey } from '../frames/ethernet.js';
import { type Cell, TokenBucket } from './limits.js';
import { NaBook } from './na-book.js';
import { planRounds, PORT_DELAY_SECONDS, type Round } from './schedule.js';

/** ARP that the guests and the host send themselves draws from `garp` too: see `arpLeft`. */
export type Buckets = Readonly<Record<FrameKind, TokenBucket>>;

/** Full buckets. @param rarpCell where that for RARP keeps its number, if another thread is to draw from it */
export function newBuckets({ rarp, arp, na, mcast }: AnnounceConfig['rate'], rarpCell?: Cell): Buckets {
  return {
    rarp: new TokenBucket(rarp, rarpCell),
    garp: new TokenBucket(arp),
    na: new TokenBucket(na),
    mcast: new TokenBucket(mcast),
  };
}

/** So many guests join a round before frames have their turn: a fraction of a millisecond. */
const GUESTS_A_STEP = 256;

/** So many who wait are looked at for one portion of frames; those that may not be sent any more are let go. */
const LOOKS_A_PORTION = 512;

/** Who was heard within so many seconds is in use, and goes before the others in the first round. */
const LATELY = 60;

/** How often it is looked whether guests wait still. */
const LOOK_SECONDS = 0.5;

/** Other stations' ARP is remembered as debt of at most what the rate gives in a second: see docs/design/pacing.md. */
const ARP_DEBT_SECONDS = 1;

/**
 * Decides which frames of a bond may go when. Its queues outlive a run: whoever had no turn in a run that was cancelled
 * is first in the next. Times are in seconds on the monotonic clock. Bounded by the guests and addresses of the bond.
 */
export class BondPlan {
  private readonly queues = {
    rarp: new TurnQueue<Turn>(),
    garp: new TurnQueue<Turn>(),
    na: new TurnQueue<Turn>(),
    mcast: new TurnQueue<Turn>(),
  };
  private readonly naBook = new NaBook();
  /** The rounds to come. */
  private rounds: Round[] = [];
  /** The guests that join a round, one a step. */
  private joining: Iterator<void> | null = null;
  /** Of the run that lasts. */
  private readonly holders = new Holders();
  private isDone: (key: string) => boolean = () => false;
  /** RARPs of the first round that are queued still; null until all of them are. */
  private firstLeft: number | null = null;
  private running = false;
  /** Until then the run lasts, if guests wait: for a port to forward, or to be judged. */
  private openUntil = -Infinity;

  constructor(
    private settings: AnnounceConfig,
    private readonly buckets: Buckets,
    private readonly guests: Announceable,
    private readonly chance: () => number,
  ) {}

  /** The runs to come are made by these settings. Not to be called while a run lasts. */
  configure(settings: AnnounceConfig): void {
    if (settings.garp !== this.settings.garp) this.queues.garp.clear();
    this.settings = settings;
    for (const kind of FRAME_KINDS) if (!settings.kinds.includes(kind)) this.queues[kind].clear();
  }

  /**
   * A run begins; one that lasted is over.
   * @param start when the failover was
   * @param isDone whose RARP has gone out for this failover already
   */
  begin(start: number, isDone: (key: string) => boolean): void {
    this.rounds = planRounds(this.settings, start, this.chance);
    this.openUntil = start + PORT_DELAY_SECONDS;
    this.naBook.begin(start);
    this.isDone = isDone;
    this.joining = null;
    this.firstLeft = null;
    this.running = true;
  }

  /** The run is over. */
  cancel(): void {
    this.rounds = [];
    this.joining = null;
    this.holders.clear();
    this.running = false;
  }

  /** A guest has become announceable: it joins the run that lasts. */
  joined(key: string, now: number): void {
    if (this.running) this.join(key, { at: now, first: false, withNa: true, withReports: true }, now);
  }

  /**
   * A station outside asks for an address: whoever has it there, and waits for a turn, is next.
   * @returns whether somebody is
   */
  asked({ ip, tags }: Question): boolean {
    const stack = stackKey(tags);
    let isNews = false;
    for (const key of this.holders.of(ip)) {
      const place = this.guests.place(key);
      if (!place || stackKey(place.tags) !== stack) continue;
      const turns = [rarpTurn(key), ...addressTurns(key, ip, this.settings.garp)];
      for (const { kind, id } of turns) isNews = this.queues[kind].callForward(id) || isNews;
    }
    return isNews;
  }

  /** ARP frames have left by the bond that are not ours. */
  arpLeft(frames: number, now: number): void {
    this.buckets.garp.draw(frames, now, ARP_DEBT_SECONDS);
  }

  /** Whether nothing of the first round's RARPs is queued any more. */
  get firstRoundIsOut(): boolean {
    return this.firstLeft === 0;
  }

  /** How many rounds of the run have begun. */
  get roundsBegun(): number {
    return this.settings.schedule.length - this.rounds.length;
  }

  /** Whose RARP is next. */
  get nextRarp(): string | null {
    return this.queues.rarp.head()?.key ?? null;
  }

  /** At most `limit` frames that may go now, their tokens spent; `wakeAt` tells whether there are more. */
  next(now: number, limit: number): DueFrame[] {
    this.joinRound(now);
    const frames: DueFrame[] = [];
    for (const kind of FRAME_KINDS) this.take(kind, frames, now, limit);
    return frames;
  }

  /** Frames of the last `next` that could not be sent now: they are first when they can, if they still may. */
  putBack(frames: readonly DueFrame[]): void {
    for (const kind of FRAME_KINDS) {
      const turns = frames.flatMap(({ turn }) => (turn.kind === kind ? [turn] : []));
      this.queues[kind].putBack(turns);
      this.buckets[kind].giveBack(turns.length);
      if (kind === 'na') for (const { id } of turns) this.naBook.notSent(id);
      if (kind === 'rarp' && this.firstLeft !== null) this.firstLeft += turns.length;
    }
  }

  /** When the next round begins; null when none is left. */
  get nextRound(): number | null {
    return this.rounds[0]?.at ?? null;
  }

  /** When there will be something to do; null when the run is over. */
  wakeAt(now: number): number | null {
    if (!this.running) return null;
    if (this.joining) return now;
    const times = this.rounds[0] ? [this.rounds[0].at] : [];
    for (const kind of FRAME_KINDS) {
      const head = this.queues[kind].head();
      if (head) times.push(Math.max(this.readyAt(head), this.buckets[kind].readyAt(this.queues[kind].size, now)));
    }
    if (times.length === 0 && now < this.openUntil && this.guests.waiting())
      return Math.min(now + LOOK_SECONDS, this.openUntil);
    return times.length > 0 ? Math.max(now, Math.min(...times)) : null;
  }

  private take(kind: FrameKind, frames: DueFrame[], now: number, limit: number): void {
    const queue = this.queues[kind];
    const allowed = Math.min(limit - frames.length, queue.size, this.buckets[kind].available(now));
    let taken = 0;
    for (let looks = 0; taken < allowed && looks < LOOKS_A_PORTION; looks++) {
      const turn = queue.head();
      if (!turn || this.readyAt(turn) > now) break;
      queue.shift();
      const bytes = this.hadTurn(turn) ? null : bytesNow(turn, this.guests, now);
      if (kind === 'rarp' && this.firstLeft) this.firstLeft--;
      if (bytes === null) continue;
      frames.push({ turn, bytes });
      if (kind === 'na') this.naBook.sent(turn.id, now);
      taken++;
    }
    this.buckets[kind].take(taken, now);
  }

  /** Left over from the run before, and sent in the first burst of this one. */
  private hadTurn({ kind, key }: Turn): boolean {
    return kind === 'rarp' && !this.firstRoundIsOut && this.isDone(key);
  }

  private readyAt({ kind, id }: Turn): number {
    return kind === 'na' ? this.naBook.readyAt(id) : -Infinity;
  }

  /** Some more guests join the round that is due. */
  private joinRound(now: number): void {
    const [due] = this.rounds;
    if (!this.joining && due && due.at <= now) {
      this.rounds.shift();
      this.joining = this.joinAll(due, now);
    }
    for (let n = 0; n < GUESTS_A_STEP && this.joining; n++) {
      if (!this.joining.next().done) continue;
      this.joining = null;
      this.firstLeft ??= this.queues.rarp.size;
    }
  }

  /** In the first round the addresses that were not heard lately join behind all that were. */
  private *joinAll(round: Round, now: number): Generator<void> {
    const later: Turn[] = [];
    for (const key of this.guests.keys()) {
      this.join(key, round, now, round.first ? later : undefined);
      yield;
    }
    for (const turn of later) {
      this.queues[turn.kind].join(turn);
      yield;
    }
  }

  /** @param later takes the turns of addresses that were not heard lately */
  private join(key: string, { first, withNa, withReports }: Round, now: number, later?: Turn[]): void {
    const { kinds, garp } = this.settings;
    if (kinds.includes('rarp') && !(first && this.isDone(key))) this.queues.rarp.join(rarpTurn(key));
    if (withReports && kinds.includes('mcast'))
      for (const turn of reportTurns(this.guests, key, now)) this.queues.mcast.join(turn);
    if (!kinds.includes('garp') && !kinds.includes('na')) return;
    for (const { ip, lastSeen } of announcedAddresses(this.guests, key, now)) {
      this.holders.note(ip, key);
      for (const turn of addressTurns(key, ip, garp)) {
        if (turn.kind === 'na' && !(withNa && this.naBook.mayBeSent(turn.id))) continue;
        if (!kinds.includes(turn.kind)) continue;
        if (later && now - lastSeen > LATELY) later.push(turn);
        else this.queues[turn.kind].join(turn);
      }
    }
  }
}
