import { allFrames, type FrameCounts, type FrameKind, NO_FRAMES } from '../config/config.js';
import type { DueFrame } from '../plan/turns.js';
import type { Clock } from '../sys/clock.js';
import { judgeErrno, MAX_TRIES, type BurstOutcome, refusedIn } from './burst.js';
import type { SlicePort } from './slice-port.js';
import type { RunResult } from '../plan/failover-record.js';

/** What decides which frames may go when: see BondPlan. */
interface FramePlan {
  next(now: number, limit: number): DueFrame[];
  putBack(frames: readonly DueFrame[]): void;
  wakeAt(now: number): number | null;
  cancel(): void;
}

/** What a run works with, and what it reports to. */
interface RunSurroundings {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** Whether no newer failover has been detected, in whatever thread. Asked before every slice. */
  mayGo(): boolean;
  /** Brings who is announced up to date. Called before frames are chosen. */
  refresh(): void;
  sent(kind: FrameKind, frames: number): void;
  /** @param code the symbolic errno */
  refused(kind: FrameKind, code: string, frames: number): void;
  /** The turn is over; the plan says where it stands. */
  paused(): void;
  /** Nothing is left to do. */
  ended(): void;
}

/** After so long the event loop belongs to others, in seconds. */
const TURN_SECONDS = 0.001;

/** How long a full queue is given to drain, in seconds. */
const DRAIN_SECONDS = 0.002;

/** Sends what the plan of a bond says, from its beginning to its end, in short turns of the event loop. */
export class BondRun {
  private stopWaiting: () => void = () => undefined;
  private waitsUntil = Infinity;
  private over = false;
  private tries = 0;

  constructor(
    private readonly plan: FramePlan,
    private readonly port: SlicePort,
    private readonly around: RunSurroundings,
  ) {
    this.wait(around.clock.monotonic());
  }

  /** Something may be due earlier than it was. */
  wake(): void {
    const due = this.plan.wakeAt(this.around.clock.monotonic());
    if (!this.over && this.tries === 0 && due !== null && due < this.waitsUntil) this.wait(due);
  }

  /** Ends the run before its time. */
  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.stopWaiting();
    this.plan.cancel();
    this.port.close();
  }

  private wait(until: number): void {
    this.stopWaiting();
    this.waitsUntil = until;
    const { clock } = this.around;
    this.stopWaiting = clock.after(Math.max(0, until - clock.monotonic()), () => this.turn());
  }

  /** A newer failover leaves the run as it is: the message that ends it is on its way. */
  private turn(): void {
    const { around, plan } = this;
    this.waitsUntil = -Infinity; // it is awake
    const began = around.clock.monotonic();
    let now = began;
    do {
      if (!around.mayGo()) return;
      around.refresh();
      if (this.over) return;
      const goesOn = this.sendSlice(now);
      if (typeof goesOn !== 'boolean') return void goesOn.then((on) => on && !this.over && this.pause());
      if (!goesOn) return;
      now = around.clock.monotonic();
    } while (this.tries === 0 && now - began < TURN_SECONDS && (plan.wakeAt(now) ?? Infinity) <= now);
    this.pause();
  }

  private pause(): void {
    const { around, plan } = this;
    const now = around.clock.monotonic();
    around.paused();
    const next = plan.wakeAt(now);
    if (next !== null) return this.wait(this.tries > 0 ? Math.max(next, now + DRAIN_SECONDS) : next);
    this.cancel();
    around.ended();
  }

  /** @returns whether the run goes on; until that is known it sends nothing more */
  private sendSlice(now: number): boolean | Promise<boolean> {
    const frames = this.plan.next(now, this.port.capacity);
    if (frames.length === 0) return true;
    const taken = this.port.send(frames, () => !this.over && this.around.mayGo());
    if (taken instanceof Promise) return taken.then((refused) => this.settled(frames, refused));
    if (taken === null) this.plan.putBack(frames);
    else if (typeof taken === 'string') this.tookNone(frames, taken);
    else if (taken === 0) this.tookNone(frames, 'EAGAIN');
    else this.took(frames, taken);
    return taken !== null;
  }

  /** Counts what became of frames, also when the run was over before that was known: they are on the wire. */
  private settled(frames: readonly DueFrame[], refused: ReadonlyMap<number, string> | null): boolean {
    if (refused === null) {
      if (!this.over) this.plan.putBack(frames); // else their turns belong to the next run, which asks everyone anew
      return false;
    }
    for (const [n, code] of refused)
      for (const { turn } of frames.slice(n, n + 1)) this.around.refused(turn.kind, code, 1);
    for (const [kind, count] of byKind(frames.filter((_, n) => !refused.has(n)))) this.around.sent(kind, count);
    return true;
  }

  private took(frames: readonly DueFrame[], taken: number): void {
    this.tries = 0;
    for (const [kind, count] of byKind(frames.slice(0, taken))) this.around.sent(kind, count);
    if (taken < frames.length) this.plan.putBack(frames.slice(taken));
  }

  private tookNone(frames: readonly DueFrame[], code: string): void {
    const verdict = judgeErrno(code, false);
    const again = verdict === 'again' && ++this.tries < MAX_TRIES;
    if (!again) this.tries = 0;
    const refused = again ? 0 : verdict === 'one' ? 1 : frames.length;
    for (const [kind, count] of byKind(frames.slice(0, refused))) this.around.refused(kind, code, count);
    this.plan.putBack(frames.slice(refused));
  }
}

function byKind(frames: readonly DueFrame[]): Map<FrameKind, number> {
  const counts = new Map<FrameKind, number>();
  for (const { turn } of frames) counts.set(turn.kind, (counts.get(turn.kind) ?? 0) + 1);
  return counts;
}

/** What became of an announcement, its first round included. */
export interface RunReport {
  readonly result: RunResult;
  /** Frames that the kernel took. */
  readonly sent: FrameCounts;
  readonly refused: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
}

/** Keeps count of an announcement while it lasts. */
export class RunTally {
  private readonly sentByKind = { ...NO_FRAMES };
  private refusedFrames = 0;

  /** @param start when it began: monotonic clock, seconds @param first what became of its first burst */
  constructor(
    private readonly start: number,
    first?: BurstOutcome,
  ) {
    if (first) this.sent('rarp', first.sent);
    if (first) this.refused(refusedIn(first));
  }

  sent(kind: FrameKind, frames: number): void {
    this.sentByKind[kind] += frames;
  }

  refused(frames: number): void {
    this.refusedFrames += frames;
  }

  /** @param ending why it ended before its time; null when it did not */
  report(ending: RunResult | null, now: number): RunReport {
    const { sentByKind: sent, refusedFrames: refused, start } = this;
    const whole = refused > 0 ? 'refused' : allFrames(sent) > 0 ? 'completed' : 'empty';
    return { result: ending ?? whole, sent: { ...sent }, refused, seconds: now - start };
  }
}
