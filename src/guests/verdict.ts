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
import { exitKey } from './exit-key.js';
import type { HeardPlace } from './heard-book.js';
import type { Remembered } from './memory.js';
import { leadsInside, portStands } from './standing.js';
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
  /** The port that its frames enter by, the innermost known; null where only the operator says that it is here. */
  readonly device: number | null;
  /** When it was last seen there: monotonic clock, seconds; null: a source sees it now. */
  readonly lastSeen: number | null;
  readonly suppressed: SuppressReason | null;
}

/** Everything that speaks for or against a MAC. */
export interface Evidence {
  /** What the sources say now. */
  readonly sightings: readonly Sighting[];
  /** Where it was, the latest last. */
  readonly remembered: readonly Remembered[];
  /** By which ways it was heard on the bonds. */
  readonly heard: readonly HeardPlace[];
  /** Ways out that the operator says are this MAC's, where no source knows it. */
  readonly claimed: readonly Exit[];
}

/**
 * Judges one MAC: behind which bonds it is, and whether it may be announced there. A guest that fell silent is where it
 * was as long as its port stands. A MAC that was seen on an uplink lives elsewhere, whatever a bridge of this host
 * believes, until a frame of it was heard leaving by the bond; unless libvirt says that it runs here. The forwarding
 * database alone is no proof: it learns from frames that a filter drops afterwards.
 * @param refused addresses that are never announced
 * @returns one verdict for each bond and stack of tags
 */
export function judge(topology: Topology, mac: Mac, evidence: Evidence, refused: readonly MacPrefix[]): Verdict[] {
  const presence = waysHere(topology, mac, evidence);
  const elsewhere = lastElsewhere(topology, evidence);
  const virtualRouter = presence.size > 0 && refused.some((prefix) => matchesMacPrefix(mac, prefix));
  const proven = new Map(evidence.heard.map((place) => [exitKey(place), place.out]));
  return [...presence].map(([key, verdict]) => {
    if (virtualRouter) return { ...verdict, suppressed: 'virtual-router' };
    const left =
      verdict.source === 'static' ? lastAnywhere(elsewhere, verdict.bond) : (elsewhere.get(key) ?? -Infinity);
    const moved = left > (proven.get(key) ?? -Infinity) && verdict.source !== 'libvirt';
    return moved ? { ...verdict, suppressed: 'seen-on-uplink' } : verdict;
  });
}

/** A claim may name no VLAN, or the wrong one: whoever came in by the bond in any VLAN lives elsewhere. */
function lastAnywhere(elsewhere: ReadonlyMap<string, number>, bond: number): number {
  const times = [...elsewhere].filter(([key]) => key === `${bond}` || key.startsWith(`${bond}/`));
  return Math.max(-Infinity, ...times.map(([, time]) => time));
}

/** The ways by which a MAC leaves this host, by their keys. */
function waysHere(topology: Topology, mac: Mac, evidence: Evidence): Map<string, Verdict> {
  const here = new Map<string, Verdict>();
  const add = (
    exits: readonly Exit[],
    { source, device }: Pick<Verdict, 'source' | 'device'>,
    seen: number | null,
  ): void => {
    for (const { bond, tags, blocked: suppressed } of exits) {
      const key = exitKey({ bond, tags });
      const held = here.get(key);
      const lastSeen =
        held && (held.lastSeen === null || seen === null) ? null : Math.max(seen ?? 0, held?.lastSeen ?? 0);
      const verdict = { mac, bond, tags, source, device, lastSeen: held ? lastSeen : seen, suppressed };
      here.set(key, !held || goesBefore(topology, verdict, held) ? verdict : { ...held, lastSeen });
    }
  };
  const follow = (sighting: Sighting, seen: number | null): void => {
    const exits = waysOut(topology, sighting);
    add([...exits, ...trunkExits(exits, evidence.heard)], sighting, seen);
  };
  for (const sighting of evidence.sightings) follow(sighting, null);
  for (const { sighting, lastSeen } of evidence.remembered) {
    if (portStands(topology, sighting, evidence)) follow(sighting, lastSeen);
  }
  for (const exit of evidence.claimed) if (!here.has(exitKey(exit))) add([exit], CLAIM, null);
  return here;
}

/** The operator's word. */
const CLAIM = { source: 'static', device: null } as const;

/** A guest that tags its own traffic leaves with more tags than its port gives it: those it was heard with. */
function trunkExits(exits: readonly Exit[], heard: readonly HeardPlace[]): Exit[] {
  const within = (exit: Exit, { bond, tags, out }: HeardPlace): boolean =>
    out > -Infinity &&
    bond === exit.bond &&
    tags.length > exit.tags.length &&
    exit.tags.every(({ tpid, vid }, n) => tags[n]?.tpid === tpid && tags[n].vid === vid);
  return exits.flatMap((exit) => heard.filter((place) => within(exit, place)).map(({ tags }) => ({ ...exit, tags })));
}

/** Of two sources that know the same, the one to name: who manages a guest says more than who has seen it. */
const RANK: Readonly<Record<Source, number>> = { libvirt: 0, fdb: 1, macvlan: 2, static: 3 };

/** A way that is open goes before one that is blocked; then the source decides, then who is nearer to the guest. */
function goesBefore(topology: Topology, one: Verdict, other: Verdict): boolean {
  if ((one.suppressed === null) !== (other.suppressed === null)) return one.suppressed === null;
  if (one.source !== other.source) return RANK[one.source] < RANK[other.source];
  return leadsInside(topology, other.device) && !leadsInside(topology, one.device);
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

function waysOut(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  if (bridge === null) return exitsOfDevice(topology, device);
  return isGuestPort(topology, device) ? exitsOfBridgePort(topology, bridge, device, vlan) : [];
}

/** The ways by which a bridge learned a MAC from outside; empty for a sighting on any other port. */
export function seenElsewhere(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  return bridge === null ? [] : exitsByPort(topology, bridge, device, vlan);
}
