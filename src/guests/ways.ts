import type { Mac } from '../addr/mac.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import type { Sighting, Source } from '../sources/sighting.js';
import { type Exit, exitsOfBridgePort, exitsOfDevice, type Tag } from '../topology/exits.js';
import { isGuestPort } from '../topology/guest-port.js';
import type { Topology } from '../topology/topology.js';
import type { Claim, Evidence } from './evidence.js';
import { exitKey } from './exit-key.js';
import type { HeardPlace } from './heard-book.js';
import { outerVlan } from './order.js';
import type { Policy } from './policy.js';
import { leadsInside, portStands } from './standing.js';
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
    for (const claim of evidence.configured) this.vouch(claim);
    for (const exit of evidence.claimed) {
      if (!this.found.has(exitKey(exit))) this.add(exit, { source: 'manual', device: null }, null);
    }
  }

  private followOne(sighting: Sighting, { heard }: Evidence, seen: number | null): void {
    const exits = waysOut(this.topology, sighting);
    for (const exit of [...exits, ...trunkExits(exits, heard)]) this.add(exit, sighting, seen);
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
    { bond, tags, blocked: suppressed, entry }: Exit,
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
function trunkExits(exits: readonly Exit[], heard: readonly HeardPlace[]): Exit[] {
  const within = (exit: Exit, { bond, tags, out }: HeardPlace): boolean =>
    out > -Infinity &&
    bond === exit.bond &&
    tags.length > exit.tags.length &&
    exit.tags.every(({ tpid, vid }, n) => tags[n]?.tpid === tpid && tags[n].vid === vid);
  return exits.flatMap((exit) => heard.filter((place) => within(exit, place)).map(({ tags }) => withTags(exit, tags)));
}

/** The tags of the guest's own are on its frames from the beginning. */
function withTags(exit: Exit, tags: readonly Tag[]): Exit {
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

function waysOut(topology: Topology, { bridge, device, vlan }: Sighting): Exit[] {
  if (bridge === null) return exitsOfDevice(topology, device);
  return isGuestPort(topology, device) ? exitsOfBridgePort(topology, bridge, device, vlan) : [];
}
