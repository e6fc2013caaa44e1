import type { FailoverRecord } from '../plan/failover-record.js';
import { type Check, flag, integer, listOf, literal, nullable, object, quantity, recordOf, text } from './shape.js';

/** How the kernel watches a bond's links: intervals in milliseconds, 0 for not at all. */
export interface BondMonitoring {
  readonly miimon: number;
  readonly arpInterval: number;
}

/** One link of a bond. */
export interface SlaveStatus {
  readonly slave: string;
  /** Whether an administrator has it up. */
  readonly up: boolean;
  readonly carrier: boolean;
  readonly state: 'active' | 'backup';
}

/** How a bond stands, and what its last failovers were. */
export interface BondStatus {
  readonly bond: string;
  /** The kernel's name of the bonding mode. */
  readonly mode: string | null;
  /** null where nobody knows. */
  readonly monitoring: BondMonitoring | null;
  readonly activeSlave: string | null;
  readonly slaves: readonly SlaveStatus[];
  /** How many guests there are behind it: announced, and by the reason why they are not. One on two VLANs counts twice. */
  readonly guests: { readonly announced: number; readonly suppressed: Readonly<Record<string, number>> };
  /** Since the daemon started; null without a daemon. */
  readonly failovers: number | null;
  /** The last failovers, the latest first; fewer of each bond where there are many bonds. */
  readonly lastFailovers: readonly FailoverRecord[];
}

/** How the daemon and the bonds of the host stand. */
export interface StatusReport {
  /** `started`: seconds since 1970-01-01 00:00 UTC. null: the kernel was read without a daemon. */
  readonly daemon: { readonly version: string; readonly started: number } | null;
  readonly bonds: readonly BondStatus[];
}

const NAME_LENGTH = 256;

const name = text(NAME_LENGTH);
const count = integer(0, Number.MAX_SAFE_INTEGER);
/** Also for a clock that is set wrong. */
const seconds = quantity(0, 1e12);
const sent = object({ rarp: count, garp: count, na: count });

const failover: Check<FailoverRecord> = object({
  time: quantity(-1e12, 1e12),
  cause: literal('failover', 'missed', 'window'),
  from: nullable(name),
  to: name,
  firstFrame: nullable(seconds),
  lastRarp: nullable(seconds),
  firstRoundOut: nullable(seconds),
  sent,
  refused: recordOf(count),
  rounds: listOf(object({ round: count, start: seconds, end: seconds, sent })),
  roundsPlanned: count,
  heldBack: nullable(seconds),
  result: nullable(text(64)),
  seconds: nullable(seconds),
});

const bond: Check<BondStatus> = object({
  bond: name,
  mode: nullable(text(64)),
  monitoring: nullable(object({ miimon: count, arpInterval: count })),
  activeSlave: nullable(name),
  slaves: listOf(object({ slave: name, up: flag, carrier: flag, state: literal('active', 'backup') })),
  guests: object({ announced: count, suppressed: recordOf(count) }),
  failovers: nullable(count),
  lastFailovers: listOf(failover),
});

export const statusReport: Check<StatusReport> = object({
  daemon: nullable(object({ version: name, started: quantity(-1e12, 1e12) })),
  bonds: listOf(bond),
});
