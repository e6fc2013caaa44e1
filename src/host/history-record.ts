import type { FrameKind } from '../config/config.js';
import type { FailoverRecord, RoundRecord } from '../plan/failover-record.js';
import type { RunReport } from '../wire/bond-run.js';
import type { RunResult } from '../plan/failover-record.js';
import type { FirstRound } from '../wire/thread-messages.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counts<K extends string> = Partial<Record<K, number>>;

/** The configuration allows no longer schedule. */
const MAX_ROUNDS = 16;

/** Endings that leave something to announce, at the latest at the next start. */
const CUT_SHORT: ReadonlySet<RunResult> = new Set(['damped', 'superseded', 'stopped']);

/** What is known of a failover when its first burst is out. */
interface Beginning {
  /** Seconds since 1970-01-01 00:00 UTC. */
  readonly time: number;
  readonly from: string | null;
  readonly to: string;
  readonly roundsPlanned: number;
}

/** The record of a failover while it is being written. Bounded by the rounds of a schedule and the errnos there are. */
export class RecordInTheMaking {
  private readonly sentByKind = { rarp: 0, garp: 0, na: 0 };
  private readonly refusedByCode: Counts<string> = {};
  private readonly rounds: Mutable<RoundRecord>[] = [];
  private readonly first: Pick<FailoverRecord, 'cause' | 'lastRarp' | 'heldBack'>;
  private firstFrame: number | null = null;
  private firstRoundOutAt: number | null = null;
  private end: RunReport | null = null;

  constructor(
    private readonly beginning: Beginning,
    { cause, sent, errors, firstFrame, lastFrame, damped, arrived }: FirstRound,
  ) {
    const heldBack = damped === null ? null : micro(damped - arrived);
    this.first = { cause, lastRarp: sent > 0 ? micro(lastFrame) : null, heldBack };
    if (sent > 0) {
      this.sent('rarp', sent, 1, firstFrame);
      this.sent('rarp', 0, 1, lastFrame);
    }
    for (const [code, frames] of Object.entries(errors)) this.refused(code, frames);
  }

  get hasEnded(): boolean {
    return this.end !== null;
  }

  /** Whether nothing of the announcement remains to be made. */
  get isComplete(): boolean {
    return this.end !== null && !CUT_SHORT.has(this.end.result);
  }

  /** @param round 1 for the first @param at seconds from the failover */
  sent(kind: FrameKind, frames: number, round: number, at: number): void {
    this.firstFrame ??= micro(at);
    this.sentByKind[kind] += frames;
    const last = this.rounds.at(-1);
    const isNew = !last || (round > last.round && this.rounds.length < MAX_ROUNDS);
    const current = isNew ? { round, start: micro(at), end: 0, sent: { rarp: 0, garp: 0, na: 0 } } : last;
    if (isNew) this.rounds.push(current);
    current.end = micro(at);
    current.sent = { ...current.sent, [kind]: current.sent[kind] + frames };
  }

  /** @param code the symbolic errno */
  refused(code: string, frames: number): void {
    this.refusedByCode[code] = (this.refusedByCode[code] ?? 0) + frames;
  }

  /** @param at seconds from the failover */
  firstRoundOut(at: number): void {
    this.firstRoundOutAt = micro(at);
  }

  ended(report: RunReport): void {
    this.end = report;
  }

  /** The record as it stands. */
  read(): FailoverRecord {
    const { time, from, to, roundsPlanned } = this.beginning;
    const { cause, lastRarp, heldBack } = this.first;
    return {
      time: Math.round(time * 1000) / 1000,
      cause,
      from,
      to,
      firstFrame: this.firstFrame,
      lastRarp,
      firstRoundOut: this.firstRoundOutAt,
      sent: { ...this.sentByKind },
      refused: { ...this.refusedByCode } as Record<string, number>,
      rounds: this.rounds.map((round) => ({ ...round })),
      roundsPlanned,
      heldBack,
      result: this.end?.result ?? null,
      seconds: this.end && micro(this.end.seconds),
    };
  }
}

/** Our clocks are good for microseconds. */
const micro = (seconds: number): number => Math.max(0, Math.round(seconds * 1e6) / 1e6);
