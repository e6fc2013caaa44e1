import type { Tag } from '../frames/ethernet.js';
import type { LinkEvent } from '../kernel/events.js';
import type { Hearing } from '../sources/hearing.js';
import type { Evidence } from '../standby/cross-check.js';
import { judge, type Judgement } from '../standby/judgement.js';
import { NOT_LISTENED, type StandbyBond, type StandbyLink, type StandbyVlan } from '../standby/report.js';
import { type BondId, isOvsBond } from '../topology/bond-id.js';
import { servedBonds, type Bond, standbyLinks } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';

/** What was heard on the links that are not active. */
interface StandbyEars {
  /** Whether a link is listened on; and if not, why, where that is another reason than its carrier. */
  listening(bond: BondId, link: number): { readonly on: boolean; readonly reason: string | null };
  evidence(bond: BondId, link: number, tags: readonly Tag[]): Evidence | undefined;
}

/** What the links that are not active are judged from. */
interface StandbyKnown {
  readonly topology: Topology;
  readonly bonds: ReadonlyMap<BondId, Pick<BondGuests, 'stacks'>>;
  readonly hearingOf: (bond: BondId) => Hearing;
  /** null: the configuration has nobody listen. */
  readonly ears: StandbyEars | null;
  /** Monotonic clock, seconds. */
  readonly now: number;
}

/** The same for whoever need not know from what. */
export type StandbyOf = (only?: Bond) => StandbyBond[];

/** Reads it as it is at the time of each call. */
export function standbyReader(
  known: Omit<StandbyKnown, 'ears' | 'now'>,
  ears: () => StandbyEars | null,
  clock: { monotonic(): number },
): StandbyOf {
  return (only) => describeStandby({ ...known, ears: ears(), now: clock.monotonic() }, only);
}

/** Which of the VLANs that guests use the links carry that are not active. */
export function describeStandby(known: StandbyKnown, only?: Bond): StandbyBond[] {
  const bonds = only ? [only] : servedBonds(known.topology);
  return bonds.map((bond) => ({
    bond: bond.name,
    activeSlave: bond.activeSlave?.name ?? null,
    links: standbyLinks(bond).map((link) => describeLink(known, bond, link)),
  }));
}

function describeLink(known: StandbyKnown, bond: Bond, link: LinkEvent): StandbyLink {
  const { topology, bonds, ears, now } = known;
  const deaf = whyDeaf(known, bond, link);
  const registered = isOvsBond(bond.ifindex) ? null : registeredVlans(topology, bond.ifindex);
  const vlans = [...(bonds.get(bond.ifindex)?.stacks() ?? [])].map(({ tags, guests }): StandbyVlan => {
    const evidence = deaf === null ? ears?.evidence(bond.ifindex, link.ifindex, tags) : undefined;
    const takesIn = tags[0] === undefined || registered === null || registered(tags[0].vid);
    const reason = link.lowerUp ? 'deaf' : 'down';
    const nobodyKnows: Judgement = { state: 'unknown', reason, instead: null };
    const judgement = deaf === null ? judge(evidence, takesIn) : nobodyKnows;
    return {
      vlans: tags.map(({ vid }) => vid),
      guests,
      state: judgement.state,
      reason: judgement.reason,
      proven: evidence?.carriedAt === null || !evidence ? null : Math.max(0, Math.round(now - evidence.carriedAt)),
      missed: evidence?.missed ?? 0,
      arrivesWith: judgement.instead?.map(({ vid }) => vid) ?? null,
    };
  });
  return { link: link.name, deaf, vlans: vlans.sort((a, b) => compare(a.vlans, b.vlans)) };
}

function whyDeaf({ ears, hearingOf }: StandbyKnown, { ifindex, activeSlave }: Bond, link: LinkEvent): string | null {
  if (!link.lowerUp) return NOT_LISTENED.noCarrier;
  if (ears === null) return NOT_LISTENED.unwanted;
  if (activeSlave === null) return NOT_LISTENED.noneActive;
  const { how, reason } = hearingOf(ifindex);
  if (how === 'deaf') return reason ?? 'the bond is not listened on';
  const listening = ears.listening(ifindex, link.ifindex);
  return listening.on ? null : (listening.reason ?? NOT_LISTENED.notYet);
}

/**
 * The VLANs that a bond's NICs are told to let in, where they filter: those of VLAN devices on it (net/8021q: vlan_vid_add,
 * which bonding passes on to every link), and those that it is a member of as a port of a bridge (net/bridge/br_vlan.c).
 */
function registeredVlans(topology: Topology, bond: BondId): (vid: number) => boolean {
  const devices = topology.devicesAbove(bond).flatMap(({ details }) => (details.type === 'vlan' ? [details.id] : []));
  const ranges = topology.port(bond)?.vlans ?? [];
  return (vid) => devices.includes(vid) || ranges.some(({ first, last }) => first <= vid && vid <= last);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const n = one.findIndex((vid, i) => vid !== other[i]);
  return n < 0 ? one.length - other.length : (one[n] ?? 0) - (other[n] ?? -1);
}
