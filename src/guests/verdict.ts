import { matchesMacPrefix, type MacPrefix } from '../addr/mac-prefix.js';
import type { Mac } from '../addr/mac.js';
import type { Sighting, Source } from '../sources/sighting.js';
import {
  type BlockReason,
  type Exit,
  exitsByPort,
  exitsOfBridgePort,
  exitsOfDevice,
  type Tag,
} from '../topology/exits.js';
import { isGuestPort } from '../topology/guest-port.js';
import type { Topology } from '../topology/topology.js';

/** Why a guest behind a bond is not announced. Closed set: it is a label of metrics. */
export type SuppressReason = BlockReason | 'seen-on-uplink' | 'virtual-router' | 'too-many';

/** A guest behind a bond, with the tags its frames leave with, and why it is not announced (null: it is). */
export interface Verdict {
  readonly mac: Mac;
  readonly bond: number;
  readonly tags: readonly Tag[];
  readonly source: Source;
  readonly suppressed: SuppressReason | null;
}

/** Identifies a way out: a bond and a stack of tags. */
export function exitKey({ bond, tags }: Pick<Exit, 'bond' | 'tags'>): string {
  return `${bond}${tags.map(({ tpid, vid }) => `/${tpid}.${vid}`).join('')}`;
}

/**
 * Judges one MAC: behind which bonds it is, and whether it may be announced there. A MAC that a bridge learned on its
 * uplink lives elsewhere, whatever another bridge of this host still believes.
 * @param sightings everything the sources say of this MAC
 * @param refused addresses that are never announced
 * @param claimed ways out that the operator says are this MAC's, where no source knows it
 * @returns one verdict for each bond and stack of tags
 */
export function judge(
  topology: Topology,
  mac: Mac,
  sightings: Iterable<Sighting>,
  refused: readonly MacPrefix[],
  claimed: readonly Exit[] = [],
): Verdict[] {
  const verdicts = new Map<string, Verdict>();
  const elsewhere = new Set<string>();
  for (const sighting of sightings) {
    for (const exit of seenElsewhere(topology, sighting)) elsewhere.add(exitKey(exit));
    for (const { bond, tags, blocked } of waysOut(topology, sighting)) {
      const key = exitKey({ bond, tags });
      const held = verdicts.get(key);
      if (held?.suppressed === null) continue;
      verdicts.set(key, { mac, bond, tags, source: sighting.source, suppressed: blocked });
    }
  }
  for (const { bond, tags, blocked } of claimed) {
    const key = exitKey({ bond, tags });
    if (!verdicts.has(key)) verdicts.set(key, { mac, bond, tags, source: 'static', suppressed: blocked });
  }
  const virtualRouter = verdicts.size > 0 && refused.some((prefix) => matchesMacPrefix(mac, prefix));
  return [...verdicts].map(([key, verdict]) => {
    if (virtualRouter) return { ...verdict, suppressed: 'virtual-router' };
    return elsewhere.has(key) ? { ...verdict, suppressed: 'seen-on-uplink' } : verdict;
  });
}

function waysOut(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  if (bridge === null) return exitsOfDevice(topology, device);
  return isGuestPort(topology, device) ? exitsOfBridgePort(topology, bridge, device, vlan) : [];
}

function seenElsewhere(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  return bridge === null ? [] : exitsByPort(topology, bridge, device, vlan);
}
