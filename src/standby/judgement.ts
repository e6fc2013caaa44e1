import type { Tag } from '../frames/ethernet.js';
import type { Evidence } from './cross-check.js';

/** Closed set: it is a label of metrics. */
export const STANDBY_STATES = ['carried', 'missing', 'unknown'] as const;

/**
 * Why nobody knows whether a standby link carries a VLAN. `down`: it has no carrier; `deaf`: it cannot be listened on;
 * `quiet`: too few broadcasts passed the active link; `filter`: its NIC may drop a VLAN that the host has not registered;
 * `strangers`: broadcasts come in there under the same tags, and none of those that pass the active link.
 */
type UnknownReason = 'down' | 'deaf' | 'quiet' | 'filter' | 'strangers';

/** Whether a standby link carries a VLAN that guests use. */
export interface Judgement {
  readonly state: (typeof STANDBY_STATES)[number];
  /** null, but for `unknown`. */
  readonly reason: UnknownReason | null;
  /** Under which tags its broadcasts arrive there instead; null: not known to arrive. */
  readonly instead: readonly Tag[] | null;
}

/**
 * A VLAN is missing once so many broadcasts in a row were not heard, so many of them from outside, which shows that the
 * active link carries it, over so many seconds: for longer than switches damp a storm.
 */
const ENOUGH = { missed: 10, missedIn: 3, seconds: 20 };

/**
 * Judges one VLAN of one standby link.
 * @param evidence undefined: no broadcast with these tags has passed the active link
 * @param registered whether the NIC takes frames with these tags in: they are untagged, or the host has told it their VLAN
 */
export function judge(evidence: Evidence | undefined, registered: boolean): Judgement {
  const unknown = (reason: UnknownReason): Judgement => ({ state: 'unknown', reason, instead: null });
  if (!evidence) return unknown('quiet');
  const { carriedAt, missed, missedIn, firstMissed, lastMissed, heardAt, instead } = evidence;
  const seconds = (lastMissed ?? 0) - (firstMissed ?? 0);
  if (missed < ENOUGH.missed || missedIn < ENOUGH.missedIn || seconds < ENOUGH.seconds)
    return carriedAt === null ? unknown('quiet') : { state: 'carried', reason: null, instead: null };
  if (!registered) return unknown('filter');
  const strangers = heardAt !== null && heardAt >= (firstMissed ?? 0);
  if (strangers && instead === null) return unknown('strangers');
  return { state: 'missing', reason: null, instead };
}
