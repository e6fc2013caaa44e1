import type { Mac } from '../addr/mac.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { type BlockReason, type Entry, exitsByPort, type RoutedExit } from '../topology/exits.js';
import type { Topology } from '../topology/topology.js';
import type { Evidence } from './evidence.js';
import { type Exit, exitKey } from '../topology/keys.js';
import type { Policy, RefusalReason } from './policy.js';
import { Ways } from './ways.js';

/** Why a guest behind a bond is not announced. Closed set: it is a label of metrics. */
export type SuppressReason = BlockReason | RefusalReason | 'seen-on-uplink' | 'too-many';

/** A guest behind a bond, with the tags its frames leave with, and why it is not announced (null: it is). */
export interface Verdict extends Exit {
  readonly mac: Mac;
  readonly source: Source;
  /** The port that its frames enter by, the innermost known; null where only the operator says that it is here. */
  readonly device: number | null;
  /** When it was last seen there: monotonic clock, seconds; null: a source sees it now. */
  readonly lastSeen: number | null;
  readonly suppressed: SuppressReason | null;
  /** How its frames come to leave by a bond that Open vSwitch keeps; null where nobody knows, and for the kernel's bonds. */
  readonly entry: Entry | null;
}

/**
 * Judges one MAC: behind which bonds it is, and whether it may be announced there. A guest that fell silent is where it
 * was as long as its port stands. A MAC that was seen on an uplink lives elsewhere, whatever a bridge of this host
 * believes, until a frame of it was heard leaving by the bond; unless libvirt or the configuration says that it is here,
 * or the host itself has it. The forwarding database alone is no proof: it learns from frames that a filter drops
 * afterwards.
 * @returns one verdict for each bond and stack of tags
 */
export function judge(topology: Topology, mac: Mac, evidence: Evidence, policy: Policy): Verdict[] {
  const ways = new Ways(topology, mac, policy);
  ways.follow(evidence);
  if (ways.found.size === 0) return [];
  const elsewhere = lastElsewhere(topology, evidence);
  const refused = policy.ofMac(mac);
  const proven = new Map(evidence.heard.map((place) => [exitKey(place), place.out]));
  return [...ways.found].map(([key, verdict]) => {
    if (refused) return { ...verdict, suppressed: refused };
    if (ways.excluded.has(key) || policy.excludesTags(verdict.tags)) return { ...verdict, suppressed: 'excluded' };
    const left =
      verdict.source === 'manual' ? lastAnywhere(elsewhere, verdict.bond) : (elsewhere.get(key) ?? -Infinity);
    const moved = left > (proven.get(key) ?? -Infinity) && !ways.vouched.has(key);
    return moved ? { ...verdict, suppressed: 'seen-on-uplink' } : verdict;
  });
}

/** A claim may name no VLAN, or the wrong one: whoever came in by the bond in any VLAN lives elsewhere. */
function lastAnywhere(elsewhere: ReadonlyMap<string, number>, bond: number): number {
  const times = [...elsewhere].filter(([key]) => key === `${bond}` || key.startsWith(`${bond}/`));
  return Math.max(-Infinity, ...times.map(([, time]) => time));
}

/** The time of what stands now: later than anything remembered. */
const NOW = Infinity;

/** When the MAC was last seen or heard coming in by a bond, for each way out. */
function lastElsewhere(topology: Topology, { sightings, remembered, heard }: Evidence): Map<string, number> {
  const times = new Map<string, number>();
  const add = (sighting: Sighting, time: number): void => {
    for (const exit of seenElsewhere(topology, sighting)) {
      times.set(exitKey(exit), Math.max(time, times.get(exitKey(exit)) ?? time));
    }
  };
  for (const place of heard) times.set(exitKey(place), place.in);
  for (const { sighting, lastSeen } of remembered) add(sighting, lastSeen);
  for (const sighting of sightings) add(sighting, NOW);
  return times;
}

/** The ways by which a bridge learned a MAC from outside; empty for a sighting on any other port. */
export function seenElsewhere(topology: Topology, { bridge, device, vlan }: Sighting): RoutedExit[] {
  return bridge === null ? [] : exitsByPort(topology, bridge, device, vlan);
}
