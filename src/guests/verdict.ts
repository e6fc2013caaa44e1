import type { Mac } from '../addr/mac.js';
import { exitKey, type Tag } from '../frames/ethernet.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { type BondId, type Exit, isOvsBond, isWithin } from '../topology/bond-id.js';
import { type BlockReason, type Entry, exitsOfBridgePort, exitsOfInner, type RoutedExit } from '../topology/exits.js';
import { type InnerEnd, type PortFacts, portFacts } from '../topology/port-facts.js';
import type { Topology } from '../topology/topology.js';
import type { HeardExit } from './heard-book.js';
import { OtherWays } from './other-ways.js';
import type { Claim, Policy, RefusalReason } from './policy.js';
import { type Evidence, isCutOff, isKnownInside, portStands } from './standing.js';

/** Why a guest behind a bond is not announced. Closed set: it is a label of metrics. */
export type SuppressReason =
  BlockReason | RefusalReason | 'seen-on-uplink' | 'other-bond' | 'standby' | 'paused' | 'too-many' | 'unexplained';

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

/** The outermost tag that a guest's frames leave with; null when they leave untagged. */
export function outerVlan({ tags }: { readonly tags: readonly Tag[] }): number | null {
  return tags[0]?.vid ?? null;
}

/** The order in which people get to see guests. */
export function byMacAndVlan(a: Verdict, b: Verdict): number {
  if (a.mac !== b.mac) return a.mac < b.mac ? -1 : 1;
  return (outerVlan(a) ?? 0) - (outerVlan(b) ?? 0);
}

/**
 * Judges one MAC: behind which bonds it is, and whether it may be announced there. A guest that fell silent is where it
 * was as long as its port stands. A MAC that was seen on an uplink lives elsewhere, whatever a bridge of this host
 * believes, until a frame that it must have sent itself was heard leaving by the bond; unless libvirt or the
 * configuration says that it is here, or the host itself has it. Where libvirt says that its guest waits to run, a
 * bridge's row is not the guest's doing. The forwarding database alone is no proof: it learns from frames that a filter
 * drops afterwards. Nor does libvirt's word count where the MAC was heard leaving by another bond since, or its guest has
 * hardware to use in place of the interface.
 * @returns one verdict for each bond and stack of tags
 */
export function judge(topology: Topology, mac: Mac, evidence: Evidence, policy: Policy): Verdict[] {
  const candidates = new Candidates(topology, mac, policy);
  candidates.find(evidence);
  if (candidates.found.size === 0) return [];
  const elsewhere = lastElsewhere(topology, evidence);
  const proofs = new Map(evidence.heard.map((heard) => [exitKey(heard), heard.proof]));
  const others = candidates.haveSeveralBonds
    ? new OtherWays(candidates.found, evidence.heard, proofs, evidence.domainAt ?? (() => null))
    : null;
  const refused = policy.ofMac(mac);
  return [...candidates.found].map(([key, candidate]) => {
    const { verdict, vouched, excluded, waits, heard } = candidate;
    // The host knows that it is the router's master.
    if (refused && !(refused === 'virtual-router' && verdict.source === 'host'))
      return { ...verdict, suppressed: refused };
    if (excluded || policy.excludesTags(verdict.tags)) return { ...verdict, suppressed: 'excluded' };
    const left = verdict.source === 'manual' ? lastAnywhere(elsewhere, verdict.bond) : elsewhere.get(key)?.time;
    const proof = Math.max(proofs.get(key) ?? -Infinity, heard?.out ?? -Infinity);
    if (others?.takes(candidate)) return { ...verdict, suppressed: 'other-bond' };
    if (vouched) return verdict;
    if (evidence.standby && proof <= Math.max(evidence.standby.since, left ?? -Infinity))
      return { ...verdict, suppressed: 'standby' };
    if ((left ?? -Infinity) > proof) return { ...verdict, suppressed: 'seen-on-uplink' };
    if (heard) return { ...verdict, suppressed: heard.suppressed };
    return waits && proof === -Infinity ? { ...verdict, suppressed: 'paused' } : verdict;
  });
}

/** When a MAC was seen coming in by a bond. */
interface Elsewhere {
  readonly bond: BondId;
  readonly time: number;
}

/** A claim may name no VLAN, or the wrong one: whoever came in by the bond in any VLAN lives elsewhere. */
function lastAnywhere(elsewhere: ReadonlyMap<string, Elsewhere>, bond: BondId): number {
  const times = [...elsewhere.values()].filter((each) => each.bond === bond).map(({ time }) => time);
  return Math.max(-Infinity, ...times);
}

/** When the MAC was last seen or heard coming in by a bond, by the key of each exit. */
function lastElsewhere(topology: Topology, { sightings, remembered, heard }: Evidence): Map<string, Elsewhere> {
  const all = new Map<string, Elsewhere>(
    heard.map(({ bond, tags, in: time }) => [exitKey({ bond, tags }), { bond, time }]),
  );
  // What stands now is later than anything remembered.
  for (const { sighting, lastSeen } of [
    ...remembered,
    ...sightings.map((each) => ({ sighting: each, lastSeen: Infinity })),
  ]) {
    for (const exit of portFacts(topology, sighting).outside) {
      const key = exitKey(exit);
      all.set(key, { bond: exit.bond, time: Math.max(lastSeen, all.get(key)?.time ?? lastSeen) });
    }
  }
  return all;
}

/** The sources that know of themselves that a MAC is here, and do not conclude it from frames. */
const VOUCHING: ReadonlySet<Source> = new Set<Source>(['host', 'libvirt', 'static']);

/** Who speaks for an exit, and what is known of the port there. */
interface Witness extends Pick<Verdict, 'source' | 'device' | 'lastSeen'> {
  readonly port: PortFacts | null;
}

/** A verdict in the making. */
interface Candidate {
  readonly verdict: Verdict;
  /** The bridge that the witness's port leads to. */
  readonly inner: InnerEnd | null;
  /** Whether a source knows that the exit is the MAC's. */
  readonly vouched: boolean;
  /** Whether that is the host itself, or the configuration. */
  readonly certain: boolean;
  /** Whether the way there leads past a device of which the operator wants nothing to be announced. */
  readonly excluded: boolean;
  /** Whether it is known only from where its guest stands still, and was not seen running. */
  readonly waits: boolean;
  /** Of one that only was heard: when, and why it is not announced whatever else is known. */
  readonly heard: { readonly out: number; readonly suppressed: SuppressReason | null } | null;
}

/** The exits by which one MAC leaves this host, by their keys. */
class Candidates {
  readonly found = new Map<string, Candidate>();
  /** Sightings from which no exit is known. */
  private readonly beyond: Sighting[] = [];
  private waitsAt: readonly number[] = [];
  private standbyAt: readonly number[] = [];
  private within: ReturnType<typeof heardWithin> = new Map();

  constructor(
    private readonly topology: Topology,
    private readonly mac: Mac,
    private readonly policy: Policy,
  ) {}

  get haveSeveralBonds(): boolean {
    const [first, ...more] = this.found.values();
    return more.some(({ verdict }) => verdict.bond !== first?.verdict.bond);
  }

  find(evidence: Evidence): void {
    const { topology, policy } = this;
    this.waitsAt = evidence.waitsAt;
    this.standbyAt = evidence.standby?.devices ?? [];
    this.within = heardWithin(evidence.heard);
    // A bridge of this host that another has learned behind a cable is no guest: where it speaks for the host, that is known.
    const isOwn = (each: Sighting): boolean =>
      each.bridge !== null && portFacts(topology, each).inner?.own.has(each.mac) === true;
    const counts = (each: Sighting): boolean => (each.source !== 'fdb' || policy.learns) && !isOwn(each);
    for (const sighting of evidence.sightings) if (counts(sighting)) this.follow(sighting, evidence, null);
    for (const { sighting, lastSeen } of evidence.remembered) {
      if (counts(sighting) && portStands(topology, sighting, evidence)) this.follow(sighting, evidence, lastSeen);
    }
    if (this.beyond.length > 0) this.lookInside();
    this.listen(evidence);
    for (const claim of evidence.configured) this.vouch(claim);
    for (const exit of evidence.claimed) this.order(exit);
  }

  private follow(sighting: Sighting, evidence: Evidence, lastSeen: number | null): void {
    const { source, device } = sighting;
    const port = portFacts(this.topology, sighting);
    const exits = exitsOf(this.topology, port, sighting, evidence);
    const witness = { source, device, lastSeen, port };
    for (const exit of exits) this.add(exit, witness);
    for (const exit of trunkExits(this.topology, sighting, exits, this.within)) this.add(exit, witness);
    if (exits.length === 0) this.beyond.push(sighting);
  }

  /**
   * Beyond a programmed bridge nobody knows the exit of a MAC but by what is learned after it. What is known of the MAC
   * there counts all the same, where it is found on a port that leads inside.
   */
  private lookInside(): void {
    const { topology } = this;
    const beyond = this.beyond.map((sighting) => ({ ...sighting, port: portFacts(topology, sighting) }));
    const excluded = beyond.some(({ device }) => this.excludes(device));
    const vouching = beyond.filter((each) => this.vouches(each) && each.port.isOpen);
    for (const [key, candidate] of this.found) {
      const { inner } = candidate;
      if (!inner) continue;
      const vouched = inner.programmed && vouching.some(({ bridge }) => bridge === inner.bridge);
      const more = { excluded: candidate.excluded || excluded, vouched: candidate.vouched || vouched };
      this.found.set(key, { ...candidate, ...more });
    }
  }

  /** Where the MAC was heard leaving and nothing else is known of it. */
  private listen({ sightings, remembered, configured, speaking }: Evidence): void {
    const { topology, policy } = this;
    const all = [...sightings, ...remembered.map(({ sighting }) => sighting)];
    let others: readonly Exit[] | undefined;
    const isKnown = (exit: Exit): boolean =>
      this.found.has(exitKey(exit)) ||
      configured.some((claim) => exitKey(exitOf(claim)) === exitKey(exit)) ||
      (others ??= all.flatMap((each) => otherExits(topology, each, policy))).some((other) => isWithin(other, exit));
    for (const { bond, tags, out, admitted } of speaking?.(isKnown) ?? []) {
      const suppressed = !policy.hears ? 'unexplained' : admitted ? null : 'too-many';
      const witness = { source: 'heard', device: null, lastSeen: out, port: null } as const;
      const excluded = all.some(({ device }) => this.excludes(device));
      const entry = this.tunnelTo({ bond, tags }, sightings);
      this.add({ bond, tags, blocked: null, entry }, witness, { out, suppressed }, excluded);
    }
  }

  /** By which dot1q-tunnel port of Open vSwitch frames with these tags come to a bond of its own. */
  private tunnelTo({ bond, tags: [outer, ...inner] }: Exit, sightings: readonly Sighting[]): Entry | null {
    const { topology } = this;
    const bridge = isOvsBond(bond) ? topology.link(bond)?.master : undefined;
    const at = sightings.find((each) => each.bridge === bridge && each.vlan === outer?.vid);
    return at && topology.port(at.device)?.tunnel ? { port: at.device, tags: inner } : null;
  }

  private vouch({ bond, vlan }: Claim): void {
    const known = [...this.found].filter(
      ([, { verdict }]) => verdict.bond === bond && (vlan === null || outerVlan(verdict) === vlan),
    );
    for (const [key, candidate] of known) this.found.set(key, { ...candidate, vouched: true, certain: true });
    if (known.length > 0) return;
    this.claim(exitOf({ bond, vlan }), 'static');
  }

  /** An operator's word goes before what only was heard. */
  private order(exit: Exit): void {
    const key = exitKey(exit);
    const known = this.found.get(key);
    if (!known) return this.claim(exit, 'manual');
    const { heard, verdict } = known;
    if (!heard) return;
    const ordered = { ...verdict, source: 'manual' as const };
    this.found.set(key, { ...known, verdict: ordered, heard: { ...heard, suppressed: null } });
  }

  /** An exit on the word of a person. */
  private claim(exit: Exit, source: Source): void {
    this.add({ ...exit, blocked: null, entry: null }, { source, device: null, lastSeen: null, port: null });
  }

  private add(
    { bond, tags, blocked: suppressed, entry }: RoutedExit,
    witness: Witness,
    heard: Candidate['heard'] = null,
    shut = false,
  ): void {
    const { source, device, port, lastSeen: seen } = witness;
    const key = exitKey({ bond, tags });
    const held = this.found.get(key);
    const before = held ? held.verdict.lastSeen : seen;
    const lastSeen = before === null || seen === null ? null : Math.max(before, seen);
    const verdict = { mac: this.mac, bond, tags, source, device, lastSeen, suppressed, entry };
    const isExcluded = shut || (device !== null && this.excludes(device));
    const waits = device !== null && this.waitsAt.includes(device);
    const vouched = this.vouches(witness);
    const certain = vouched && source !== 'libvirt';
    const one = { verdict, inner: port?.inner ?? null, vouched, certain, excluded: isExcluded, waits, heard };
    if (!held) return void this.found.set(key, one);
    const better = goesBefore(one, held) ? one : { ...held, verdict: { ...held.verdict, lastSeen } };
    const either = { vouched: one.vouched || held.vouched, excluded: one.excluded || held.excluded };
    this.found.set(key, { ...better, ...either, certain: certain || held.certain, waits: one.waits && held.waits });
  }

  private vouches({ source, device }: Pick<Witness, 'source' | 'device'>): boolean {
    return VOUCHING.has(source) && !(source === 'libvirt' && device !== null && this.standbyAt.includes(device));
  }

  private excludes(device: number): boolean {
    const { topology, policy } = this;
    return policy.excludesPorts && policy.excludesPort(topology.link(device)?.name ?? '');
  }
}

/** Where a guest leaves that nobody knows but the configuration. */
function exitOf({ bond, vlan }: Claim): Exit {
  return { bond, tags: vlan === null ? [] : [{ tpid: ETH_P_8021Q, vid: vlan }] };
}

/** Where the frames leave of a MAC that was seen at a port. */
function exitsOf(topology: Topology, port: PortFacts, sighting: Sighting, evidence: Evidence): readonly RoutedExit[] {
  if (sighting.bridge === null) return port.exits;
  // In which VLAN a programmed bridge forwards, only what it has learned itself can tell.
  if (port.programmed && sighting.source !== 'ovs') return [];
  if (port.inner?.isOvs && isCutOff(topology, sighting, evidence)) return [];
  // A row on a tunnel's port does not tell in which of the customer's VLANs the MAC is; a bridge in front of it does.
  const tunnelled = port.inner !== null && topology.port(sighting.device)?.tunnel !== undefined;
  return tunnelled && isKnownInside(topology, port.inner, evidence) ? [] : port.exits;
}

/**
 * A guest that tags its own traffic leaves with more tags than its port gives it: those it was heard with, where such
 * frames leave so today. A tag by which the bridge sorts names a VLAN of the bridge, and may have been taken from the port.
 * @param within of `heardWithin`
 */
function trunkExits(
  topology: Topology,
  sighting: Sighting,
  exits: readonly RoutedExit[],
  within: ReadonlyMap<string, readonly HeardExit[]>,
): RoutedExit[] {
  const { programmed } = portFacts(topology, sighting);
  return exits.flatMap((exit) =>
    (within.get(exitKey(exit)) ?? []).flatMap(({ tags }) => {
      if (programmed) return [withTags(exit, tags)]; // which frames leave how, only the flows say
      const inner = exitsOfInner(topology, sighting, tags.slice(exit.tags.length));
      const key = exitKey({ bond: exit.bond, tags });
      return inner.filter((each) => exitKey(each) === key);
    }),
  );
}

/** @returns where a MAC was heard leaving, by the key of each exit with fewer tags */
function heardWithin(heard: readonly HeardExit[]): ReadonlyMap<string, readonly HeardExit[]> {
  const within = new Map<string, HeardExit[]>();
  for (const each of heard) {
    if (each.out === -Infinity) continue;
    for (let tags = each.tags.length - 1; tags >= 0; tags--) {
      const key = exitKey({ bond: each.bond, tags: each.tags.slice(0, tags) });
      const those = within.get(key);
      if (those) those.push(each);
      else within.set(key, [each]);
    }
  }
  return within;
}

/**
 * By which exits the frames leave of who is no guest and yet no stranger: a bridge has him behind a tunnel, a NIC or
 * another bond; or its rows do not count.
 */
function otherExits(topology: Topology, sighting: Sighting, { learns }: Policy): readonly Exit[] {
  const { source, device, bridge, vlan } = sighting;
  const { isGuests, exits } = portFacts(topology, sighting);
  if (isGuests || bridge === null) return source === 'fdb' && !learns ? exits : [];
  return exitsOfBridgePort(topology, bridge, device, vlan);
}

/** The tags of the guest's own are on its frames from the beginning. */
function withTags(exit: RoutedExit, tags: readonly Tag[]): RoutedExit {
  const { entry } = exit;
  return { ...exit, tags, entry: entry && { ...entry, tags: [...entry.tags, ...tags.slice(exit.tags.length)] } };
}

/** Of two sources that know the same, the one to name: who manages a guest says more than who has seen it. */
const RANK: Readonly<Record<Source, number>> = {
  libvirt: 0,
  proxmox: 0,
  host: 1,
  fdb: 2,
  ovs: 2,
  macvlan: 3,
  static: 4,
  manual: 5,
  heard: 6,
};

/** An exit that is open goes before one that is blocked; then the source decides, then who is nearer to the guest. */
function goesBefore(one: Candidate, other: Candidate): boolean {
  const [a, b] = [one.verdict, other.verdict];
  if ((a.suppressed === null) !== (b.suppressed === null)) return a.suppressed === null;
  if (RANK[a.source] !== RANK[b.source]) return RANK[a.source] < RANK[b.source];
  return other.inner !== null && one.inner === null;
}
