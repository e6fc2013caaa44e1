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
import type { Remembered } from './memory.js';
import { portStands } from './standing.js';
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

/** Everything that speaks for or against a MAC. */
export interface Evidence {
  /** What the sources say now. */
  readonly sightings: readonly Sighting[];
  /** Where it was, the latest last. */
  readonly remembered: readonly Remembered[];
  /** Ways out that the operator says are this MAC's, where no source knows it. */
  readonly claimed: readonly Exit[];
}

/**
 * Judges one MAC: behind which bonds it is, and whether it may be announced there. A guest that fell silent is where it
 * was as long as its port stands. A MAC that a bridge learned on its uplink lives elsewhere, whatever another bridge of
 * this host still believes, until a bridge learns it on a guest's port again; unless libvirt says that it runs here.
 * @param refused addresses that are never announced
 * @returns one verdict for each bond and stack of tags
 */
export function judge(topology: Topology, mac: Mac, evidence: Evidence, refused: readonly MacPrefix[]): Verdict[] {
  const presence = waysHere(topology, mac, evidence);
  const elsewhere = lastElsewhere(topology, evidence);
  const virtualRouter = presence.size > 0 && refused.some((prefix) => matchesMacPrefix(mac, prefix));
  return [...presence].map(([key, { verdict, since }]) => {
    if (virtualRouter) return { ...verdict, suppressed: 'virtual-router' };
    const left = elsewhere.get(key);
    const moved = left !== undefined && left >= since && verdict.source !== 'libvirt';
    return moved ? { ...verdict, suppressed: 'seen-on-uplink' } : verdict;
  });
}

/** A way by which a MAC leaves the host, and the last time that it is known to have been on this side of it. */
interface Presence {
  readonly verdict: Verdict;
  readonly since: number;
}

function waysHere(topology: Topology, mac: Mac, evidence: Evidence): Map<string, Presence> {
  const here = new Map<string, Presence>();
  const add = (exits: readonly Exit[], source: Source, seen: number): void => {
    for (const { bond, tags, blocked: suppressed } of exits) {
      const key = exitKey({ bond, tags });
      const held = here.get(key);
      const verdict = { mac, bond, tags, source, suppressed };
      const since = Math.max(seen, held?.since ?? seen);
      here.set(key, { verdict: held && !goesBefore(verdict, held.verdict) ? held.verdict : verdict, since });
    }
  };
  for (const sighting of evidence.sightings) add(waysOut(topology, sighting), sighting.source, NOW);
  for (const { sighting, lastSeen } of evidence.remembered) {
    if (portStands(topology, sighting, evidence)) add(waysOut(topology, sighting), sighting.source, lastSeen);
  }
  for (const exit of evidence.claimed) if (!here.has(exitKey(exit))) add([exit], 'static', -Infinity);
  return here;
}

/** Of two sources that know the same, the one to name: who manages a guest says more than who has seen it. */
const RANK: Readonly<Record<Source, number>> = { libvirt: 0, fdb: 1, macvlan: 2, static: 3 };

/** A way that is open goes before one that is blocked; then the source decides. */
function goesBefore(one: Verdict, other: Verdict): boolean {
  if ((one.suppressed === null) !== (other.suppressed === null)) return one.suppressed === null;
  return RANK[one.source] < RANK[other.source];
}

/** The time of what stands now: later than anything remembered. */
const NOW = Infinity;

/** When the MAC was last seen coming in by a bond, for each way out. */
function lastElsewhere(topology: Topology, { sightings, remembered }: Evidence): Map<string, number> {
  const times = new Map<string, number>();
  const add = (sighting: Sighting, time: number): void => {
    for (const exit of seenElsewhere(topology, sighting)) {
      times.set(exitKey(exit), Math.max(time, times.get(exitKey(exit)) ?? time));
    }
  };
  for (const { sighting, lastSeen } of remembered) add(sighting, lastSeen);
  for (const sighting of sightings) add(sighting, NOW);
  return times;
}

function waysOut(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  if (bridge === null) return exitsOfDevice(topology, device);
  return isGuestPort(topology, device) ? exitsOfBridgePort(topology, bridge, device, vlan) : [];
}

/** The ways by which a bridge learned a MAC from outside; empty for a sighting on any other port. */
export function seenElsewhere(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  return bridge === null ? [] : exitsByPort(topology, bridge, device, vlan);
}
