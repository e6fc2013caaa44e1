import type { Mac } from '../addr/mac.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import type { Sighting, Source } from '../sources/sighting.js';
import type { Tag } from '../frames/ethernet.js';
import { exitsOfBridgePort, exitsOfDevice, type RoutedExit } from '../topology/exits.js';
import { isGuestPort } from '../topology/guest-port.js';
import { isProgrammed } from '../topology/leads-out.js';
import type { Topology } from '../topology/topology.js';
import type { Claim, Evidence } from './evidence.js';
import { exitKey } from '../topology/keys.js';
import type { HeardPlace } from './heard-book.js';
import { outerVlan } from './order.js';
import type { Policy } from './policy.js';
import { innerBridge, isCutOff, isOpen, leadsInside, portStands } from './standing.js';
import type { Verdict } from './verdict.js';

/** Who speaks for a way out. */
type Witness = Pick<Verdict, 'source' | 'device'>;

/** The sources that know of themselves that a MAC is here, and do not conclude it from frames. */
const VOUCHING: ReadonlySet<Source> = new Set<Source>(['host', 'libvirt', 'static']);

/** The ways by which one MAC leaves this host, by their keys. */
export class Ways {
  readonly found = new Map<string, Verdict>();
  /** Those of which a source knows that they are the MAC's. */
  readonly vouched = new Set<string>();
  /** Those that lead past a device of which the operator wants nothing to be announced. */
  readonly excluded = new Set<string>();
  /** Sightings from which no way out is known. */
  private readonly beyond: Sighting[] = [];

  constructor(
    private readonly topology: Topology,
    private readonly mac: Mac,
    private readonly policy: Policy,
  ) {}

  follow(evidence: Evidence): void {
    const { topology, policy } = this;
    const counts = ({ source }: Sighting): boolean => source !== 'fdb' || policy.learns;
    for (const sighting of evidence.sightings) if (counts(sighting)) this.followOne(sighting, evidence, null);
    for (const { sighting, lastSeen } of evidence.remembered) {
      if (counts(sighting) && portStands(topology, sighting, evidence)) this.followOne(sighting, evidence, lastSeen);
    }
    this.lookInside();
    for (const claim of evidence.configured) this.vouch(claim);
    for (const exit of evidence.claimed) {
      if (!this.found.has(exitKey(exit)))
        this.add({ ...exit, blocked: null, entry: null }, { source: 'manual', device: null }, null);
    }
  }

  private followOne(sighting: Sighting, evidence: Evidence, seen: number | null): void {
    const exits = waysOut(this.topology, sighting, evidence);
    for (const exit of [...exits, ...trunkExits(exits, evidence.heard)]) this.add(exit, sighting, seen);
    if (exits.length === 0) this.beyond.push(sighting);
  }

  /**
   * Beyond a programmed bridge nobody knows the way of a MAC but by what is learned after it. What is known of the MAC
   * there counts all the same, where it is found on a port that leads inside.
   */
  private lookInside(): void {
    const { topology, policy, beyond } = this;
    const excluded = beyond.some(({ device }) => policy.excludesPort(topology.link(device)?.name ?? ''));
    const vouched = beyond.filter((sighting) => VOUCHING.has(sighting.source) && isOpen(topology, sighting));
    for (const [key, { device }] of this.found) {
      const inner = innerBridge(topology, device)?.bridge;
      if (inner === undefined) continue;
      if (excluded) this.excluded.add(key);
      if (isProgrammed(topology, inner) && vouched.some(({ bridge }) => bridge === inner)) this.vouched.add(key);
    }
  }

  private vouch({ bond, vlan }: Claim): void {
    const fits = (way: Verdict): boolean => way.bond === bond && (vlan === null || outerVlan(way) === vlan);
    const known = [...this.found].filter(([, way]) => fits(way));
    for (const [key] of known) this.vouched.add(key);
    if (known.length > 0) return;
    const tags = vlan === null ? [] : [{ tpid: ETH_P_8021Q, vid: vlan }];
    this.add({ bond, tags, blocked: null, entry: null }, { source: 'static', device: null }, null);
  }

  private add(
    { bond, tags, blocked: suppressed, entry }: RoutedExit,
    { source, device }: Witness,
    seen: number | null,
  ): void {
    const key = exitKey({ bond, tags });
    const held = this.found.get(key);
    const lastSeen =
      held && (held.lastSeen === null || seen === null) ? null : Math.max(seen ?? 0, held?.lastSeen ?? 0);
    const verdict = { mac: this.mac, bond, tags, source, device, lastSeen: held ? lastSeen : seen, suppressed, entry };
    this.found.set(key, !held || goesBefore(this.topology, verdict, held) ? verdict : { ...held, lastSeen });
    if (VOUCHING.has(source)) this.vouched.add(key);
    const name = this.topology.link(device)?.name;
    if (name !== undefined && this.policy.excludesPort(name)) this.excluded.add(key);
  }
}

/** A guest that tags its own traffic leaves with more tags than its port gives it: those it was heard with. */
function trunkExits(exits: readonly RoutedExit[], heard: readonly HeardPlace[]): RoutedExit[] {
  const within = (exit: RoutedExit, { bond, tags, out }: HeardPlace): boolean =>
    out > -Infinity &&
    bond === exit.bond &&
    tags.length > exit.tags.length &&
    exit.tags.every(({ tpid, vid }, n) => tags[n]?.tpid === tpid && tags[n].vid === vid);
  return exits.flatMap((exit) => heard.filter((place) => within(exit, place)).map(({ tags }) => withTags(exit, tags)));
}

/** The tags of the guest's own are on its frames from the beginning. */
function withTags(exit: RoutedExit, tags: readonly Tag[]): RoutedExit {
  const { entry } = exit;
  return { ...exit, tags, entry: entry && { ...entry, tags: [...entry.tags, ...tags.slice(exit.tags.length)] } };
}

/** Of two sources that know the same, the one to name: who manages a guest says more than who has seen it. */
const RANK: Readonly<Record<Source, number>> = {
  libvirt: 0,
  host: 1,
  fdb: 2,
  ovs: 2,
  macvlan: 3,
  static: 4,
  manual: 5,
};

/** A way that is open goes before one that is blocked; then the source decides, then who is nearer to the guest. */
function goesBefore(topology: Topology, one: Verdict, other: Verdict): boolean {
  if ((one.suppressed === null) !== (other.suppressed === null)) return one.suppressed === null;
  if (RANK[one.source] !== RANK[other.source]) return RANK[one.source] < RANK[other.source];
  return leadsInside(topology, other.device) && !leadsInside(topology, one.device);
}

function waysOut(topology: Topology, sighting: Sighting, evidence: Evidence): RoutedExit[] {
  const { source, bridge, device, vlan } = sighting;
  if (bridge === null) return exitsOfDevice(topology, device);
  if (!isGuestPort(topology, device) || !isOpen(topology, sighting)) return [];
  if (isCutOff(topology, device, evidence)) return [];
  // In which VLAN a programmed bridge forwards, only what it has learned itself can tell.
  if (source !== 'ovs' && isProgrammed(topology, bridge)) return [];
  return exitsOfBridgePort(topology, bridge, device, vlan);
}
