import { BOND_MODE_8023AD } from '../kernel/constants.js';
import type { BondDetails, LinkEvent } from '../kernel/events.js';

/**
 * Whether a bond of mode 802.3ad has links in several aggregators. Frames leave by one of these, so that guests move when
 * another takes over: two switches that are no pair (no MLAG), or ports without a partner. One aggregator is one link to
 * its switch, whichever port a frame takes. A link that is down counts with the aggregator that it had last.
 */
export function hasSeveralAggregators({ mode }: BondDetails, slaves: readonly LinkEvent[]): boolean {
  return mode === BOND_MODE_8023AD && countAggregators(slaves) > 1;
}

/** In how many aggregators slaves are; 0 without LACP. */
export function countAggregators(slaves: readonly LinkEvent[]): number {
  return new Set(slaves.flatMap(({ bondSlave }) => bondSlave?.lacp?.aggregator ?? [])).size;
}

/**
 * The slaves of the active aggregator that carry traffic. Its choice of another is told by the slaves alone: what the bond
 * itself said last decides only while those of two say that they are active.
 */
export function activeMembers({ aggregator }: BondDetails, slaves: readonly LinkEvent[]): readonly LinkEvent[] {
  const active = slaves.filter(({ bondSlaveActive, bondSlave }) => bondSlaveActive === true && bondSlave?.linkUp);
  const within = active.filter(({ bondSlave }) => bondSlave?.lacp?.aggregator === aggregator);
  const [first] = active;
  return within.length > 0 ? within : active.filter((slave) => first !== undefined && inOneAggregator(slave, first));
}

/** Whether frames are in the same place for the switches, whichever of two slaves they leave by. */
export function inOneAggregator(one: LinkEvent, other: LinkEvent): boolean {
  const { aggregator } = one.bondSlave?.lacp ?? {};
  return aggregator !== undefined && aggregator === other.bondSlave?.lacp?.aggregator;
}
