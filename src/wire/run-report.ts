import type { FrameKind } from '../config/config.js';
import { type BurstOutcome, refusedIn } from './burst.js';
import type { RunResult } from '../plan/failover-record.js';

/** What became of an announcement, its first round included. */
export interface RunReport {
  readonly result: RunResult;
  /** Frames that the kernel took. */
  readonly sent: Readonly<Record<FrameKind, number>>;
  readonly refused: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
}

/** Keeps count of an announcement while it lasts. */
export class RunTally {
  private readonly sentByKind = { rarp: 0, garp: 0, na: 0 };
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
    const whole = refused > 0 ? 'refused' : sent.rarp + sent.garp + sent.na > 0 ? 'completed' : 'empty';
    return { result: ending ?? whole, sent: { ...sent }, refused, seconds: now - start };
  }
}
