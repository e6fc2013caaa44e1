import { type FrameKind, NO_FRAMES } from '../config/config.js';
import type { FailoverRecord, RunResult } from '../plan/failover-record.js';
import type { Clock } from '../sys/clock.js';
import type { BondId } from '../topology/bond-id.js';
import { type Bond, deviceName } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { RunReport } from '../wire/bond-run.js';
import { type FirstRound, isFailover } from '../wire/thread-messages.js';

/** So many failovers of a bond are kept: four times what damping announces in three minutes. */
const RECORDS_PER_BOND = 16;

/** What is kept of a bond. */
interface BondHistory {
  /** The slave that carries its traffic, as far as failovers and losses say. */
  slave: string | null;
  failovers: number;
  /** The latest last. */
  readonly records: { readonly arrived: number; readonly record: RecordInTheMaking }[];
}

/** What became of the last 16 failovers of each active-backup bond that the host has now. */
export class FailoverHistory {
  private readonly bonds = new Map<BondId, BondHistory>();

  /** @param roundsPlanned how many rounds an announcement has */
  constructor(
    private readonly clock: Pick<Clock, 'monotonic' | 'unix'>,
    private readonly topology: Topology,
    private roundsPlanned: number,
  ) {}

  /** Failovers to come are announced in so many rounds. */
  configure(roundsPlanned: number): void {
    this.roundsPlanned = roundsPlanned;
  }

  /**
   * The bonds as they stand now. One that is new begins with the slave it has; one that is gone is forgotten. That a
   * slave took over is not learned here, but from the failover: its message may come later than this.
   */
  follow(bonds: readonly Bond[]): void {
    const there = new Set(bonds.map(({ ifindex }) => ifindex));
    for (const bond of this.bonds.keys()) if (!there.has(bond)) this.bonds.delete(bond);
    for (const { ifindex, activeSlave } of bonds) {
      const held = this.bonds.get(ifindex);
      if (!held) this.bonds.set(ifindex, { slave: activeSlave?.name ?? null, failovers: 0, records: [] });
      else if (activeSlave === null) held.slave = null;
    }
  }

  /** A failover, after its first burst. The end of what it supersedes may be reported after it. */
  failover(round: FirstRound): void {
    const bond = this.bonds.get(round.bond);
    if (!bond) return;
    const { arrived, cause } = round;
    const time = this.clock.unix() - (this.clock.monotonic() - arrived);
    const to = deviceName(this.topology, round.slave);
    const from = bond.slave === to ? null : bond.slave;
    bond.slave = to;
    if (isFailover(cause)) bond.failovers++;
    const record = new RecordInTheMaking({ time, from, to, roundsPlanned: this.roundsPlanned }, round);
    bond.records.push({ arrived, record });
    if (bond.records.length > RECORDS_PER_BOND) bond.records.shift();
  }

  sent(bond: BondId, kind: FrameKind, frames: number, round: number): void {
    const { arrived, record } = this.running(bond) ?? {};
    if (arrived !== undefined) record?.sent(kind, frames, round, this.clock.monotonic() - arrived);
  }

  firstRoundOut(bond: BondId, seconds: number): void {
    this.running(bond)?.record.firstRoundOut(seconds);
  }

  refused(bond: BondId, _kind: FrameKind, code: string, frames: number): void {
    this.running(bond)?.record.refused(code, frames);
  }

  ended(bond: BondId, report: RunReport): void {
    this.running(bond)?.record.ended(report);
  }

  /** Whether nothing of the bond's last failover remains to be announced; one from before the start does not count. */
  isAnnounced(bond: BondId): boolean {
    return this.bonds.get(bond)?.records.at(-1)?.record.isComplete ?? true;
  }

  /** How often the bond has failed over, as `bondherald_bond_failovers_total` counts it. */
  failoversOf(bond: BondId): number {
    return this.bonds.get(bond)?.failovers ?? 0;
  }

  /** What became of the last failovers of a bond, the latest first. @param most so many of them at most */
  recordsOf(bond: BondId, most = RECORDS_PER_BOND): FailoverRecord[] {
    const records = this.bonds.get(bond)?.records ?? [];
    return records
      .slice(Math.max(0, records.length - most))
      .reverse()
      .map(({ record }) => record.read());
  }

  /** The failover whose end is reported next: they end in the order in which they came. */
  private running(bond: BondId): BondHistory['records'][number] | undefined {
    return this.bonds.get(bond)?.records.find(({ record }) => !record.hasEnded);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The configuration allows no longer schedule. */
const MAX_ROUNDS = 16;

/** Endings that leave something to announce, at the latest at the next start. */
const CUT_SHORT: ReadonlySet<string> = new Set<RunResult>(['damped', 'superseded', 'stopped']);

/** The record of a failover while it is being written. Bounded by the rounds of a schedule and the errnos there are. */
class RecordInTheMaking {
  private readonly record: Mutable<FailoverRecord>;

  /** @param beginning what is known when the first burst is out */
  constructor(
    { time, from, to, roundsPlanned }: Pick<FailoverRecord, 'time' | 'from' | 'to' | 'roundsPlanned'>,
    { cause, sent, errors, firstFrame, lastFrame, damped, arrived }: FirstRound,
  ) {
    this.record = {
      time: Math.round(time * 1000) / 1000,
      cause,
      from,
      to,
      firstFrame: null,
      lastRarp: sent > 0 ? micro(lastFrame) : null,
      firstRoundOut: null,
      sent: NO_FRAMES,
      refused: {},
      rounds: [],
      roundsPlanned,
      heldBack: damped === null ? null : micro(damped - arrived),
      result: null,
      seconds: null,
    };
    if (sent > 0) {
      this.sent('rarp', sent, 1, firstFrame);
      this.sent('rarp', 0, 1, lastFrame);
    }
    for (const [code, frames] of Object.entries(errors)) this.refused(code, frames);
  }

  get hasEnded(): boolean {
    return this.record.result !== null;
  }

  /** Whether nothing of the announcement remains to be made. */
  get isComplete(): boolean {
    const { result } = this.record;
    return result !== null && !CUT_SHORT.has(result);
  }

  /** @param round 1 for the first @param at seconds from the failover */
  sent(kind: FrameKind, frames: number, round: number, at: number): void {
    const { record } = this;
    record.firstFrame ??= micro(at);
    record.sent = { ...record.sent, [kind]: record.sent[kind] + frames };
    const last = record.rounds.at(-1);
    const isNew = !last || (round > last.round && record.rounds.length < MAX_ROUNDS);
    const current = isNew ? { round, start: micro(at), sent: NO_FRAMES } : last;
    const sent = { ...current.sent, [kind]: current.sent[kind] + frames };
    record.rounds = [...record.rounds.slice(0, isNew ? MAX_ROUNDS : -1), { ...current, end: micro(at), sent }];
  }

  /** @param code the symbolic errno */
  refused(code: string, frames: number): void {
    this.record.refused = { ...this.record.refused, [code]: (this.record.refused[code] ?? 0) + frames };
  }

  /** @param at seconds from the failover */
  firstRoundOut(at: number): void {
    this.record.firstRoundOut = micro(at);
  }

  ended({ result, seconds }: RunReport): void {
    this.record.result = result;
    this.record.seconds = micro(seconds);
  }

  /** The record as it stands. */
  read(): FailoverRecord {
    return { ...this.record };
  }
}

/** Our clocks are good for microseconds. */
const micro = (seconds: number): number => Math.max(0, Math.round(seconds * 1e6) / 1e6);
