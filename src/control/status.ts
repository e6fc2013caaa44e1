import type { FailoverRecord } from '../plan/failover-record.js';
import { HEARING_WAYS } from '../sources/hearing.js';
import { standbyLink } from './standby.js';
import * as shape from './shape.js';

const { flag, integer, listOf, literal, nullable, object, orElse, quantity, recordOf, text } = shape;

const name = text(256);
const count = integer(0, Number.MAX_SAFE_INTEGER);
/** Also for a clock that is set wrong. */
const seconds = quantity(0, 1e12);
const unixTime = quantity(-1e12, 1e12);
const sent = object({ rarp: count, garp: count, na: count, mcast: orElse(0, count) });

const failover: shape.Check<FailoverRecord> = object({
  time: unixTime,
  cause: literal('failover', 'missed', 'window', 'late'),
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

/** How the kernel watches a bond's links: intervals in milliseconds, 0 for not at all. */
const monitoring = object({ miimon: count, arpInterval: count });

const slave = object({
  slave: name,
  /** Whether an administrator has it up. */
  up: flag,
  carrier: flag,
  state: literal('active', 'backup'),
});

const bond = object({
  bond: name,
  /** The kernel's name of the bonding mode. */
  mode: nullable(text(64)),
  /** null where nobody knows. */
  monitoring: nullable(monitoring),
  activeSlave: nullable(name),
  slaves: listOf(slave),
  /** How many guests there are behind it: announced, and by the reason why they are not. One on two VLANs counts twice. */
  guests: object({ announced: count, suppressed: recordOf(count) }),
  /** Since the daemon started; null without a daemon. */
  failovers: nullable(count),
  /** How what leaves by it is heard, and why not by tc; null where no daemon announces it. */
  listening: nullable(object({ how: literal(...HEARING_WAYS), reason: nullable(text(1024)) })),
  /** Which VLANs of guests the links carry that are not active; null without a daemon. Earlier daemons do not say. */
  standby: orElse(null, nullable(listOf(standbyLink))),
  /** The last failovers, the latest first; fewer of each bond where there are many bonds. */
  lastFailovers: listOf(failover),
});

/** The answer to a request for the status. */
export const statusReport = object({
  /** `started`: seconds since 1970-01-01 00:00 UTC. null: the kernel was read without a daemon. */
  daemon: nullable(object({ version: name, started: unixTime })),
  bonds: listOf(bond),
});

/** How a bond stands, and what its last failovers were. */
export type BondStatus = shape.Checked<typeof bond>;

/** How the daemon and the bonds of the host stand. */
export type StatusReport = shape.Checked<typeof statusReport>;
