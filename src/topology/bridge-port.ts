import { BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { PortVlansEvent, VlanRange } from '../kernel/events.js';

/** What a bridge says of one of its ports, or of itself. */
export interface BridgePort {
  /** BR_STATE_* of the port itself. */
  readonly state: number | null;
  /** Those that it is a member of. */
  readonly vlans: readonly VlanRange[];
  /** VLANs whose own state is another than the usual one; see `withVlans`. The kernel's ports alone have such. */
  readonly states?: readonly VlanState[];
  /** It lets no frame in that carries a tag, and sends none. The kernel's ports have no such mode. */
  readonly untaggedOnly?: boolean;
  /** It puts every frame into its native VLAN, whatever tags it carries, under a tag of this EtherType. */
  readonly tunnel?: {
    readonly tpid: number;
    /** The VLANs that the frames may be in; empty for all. */ readonly customers: readonly number[];
  };
}

/** The state of VLANs of a port: BR_STATE_*. */
export interface VlanState {
  readonly first: number;
  readonly last: number;
  readonly state: number;
}

/** How a bridge port sends the frames of a VLAN: with the VLAN's tag, without it, or not at all. */
type VlanMembership = 'tagged' | 'untagged' | 'none';

/** What `ranges`, the VLANs of a bridge port, say of VLAN `vid`. */
export function vlanMembership(ranges: readonly VlanRange[], vid: number): VlanMembership {
  const range = at(ranges, vid);
  if (!range) return 'none';
  return range.untagged ? 'untagged' : 'tagged';
}

/** The VLAN that a port puts untagged frames into; null when it drops them. */
export function pvidOf(port: BridgePort | undefined): number | null {
  return port?.vlans.find(({ pvid }) => pvid)?.first ?? null;
}

/**
 * The state that decides whether a port sends frames of a VLAN (net/bridge/br_forward.c:should_deliver): with MST
 * (`mst`) that of the VLAN alone; without it the VLAN's counts when the port itself forwards. null: not told.
 * @param vlan null in a bridge that knows no VLANs
 */
export function stateIn(port: BridgePort | undefined, vlan: number | null, mst: boolean): number | null {
  const own = port?.state ?? null;
  if (vlan === null || (!mst && own !== BR_STATE_FORWARDING)) return own;
  return at(port?.states ?? [], vlan)?.state ?? own;
}

/**
 * A port after the bridge has told of VLANs of it. Of their states only the unusual ones are kept. With MST the usual
 * one is the port's own: a VLAN of instance 0 follows it without a message, a failing carrier for example. Without MST
 * it is forwarding.
 */
export function withVlans(port: BridgePort, { gone, vlans: told }: PortVlansEvent, mst: boolean): BridgePort {
  const usual = mst ? port.state : BR_STATE_FORWARDING;
  const named = [...told].sort((one, other) => one.first - other.first);
  const others = without(port.vlans, named);
  const states = without(port.states ?? [], named);
  if (gone) return { ...port, vlans: others, states };
  const members = named.map(({ state: _, ...range }) => range);
  const hasPvid = members.some(({ pvid }) => pvid); // a port has one at most
  const kept = hasPvid ? others.map((range) => ({ ...range, pvid: false })) : others;
  const unusual = named.flatMap(({ first, last, state }) =>
    state === null || state === usual ? [] : [{ first, last, state }],
  );
  return { ...port, vlans: joined([...kept, ...members]), states: joined([...states, ...unusual]) };
}

/** VLANs that something is said of; those of a list are in ascending order, and none twice. */
interface Range {
  readonly first: number;
  readonly last: number;
}

function at<R extends Range>(ranges: readonly R[], vid: number): R | undefined {
  return ranges.find(({ first, last }) => first <= vid && vid <= last);
}

/** What is left of `ranges` outside of others. */
function without<R extends Range>(ranges: readonly R[], others: readonly Range[]): R[] {
  const left: R[] = [];
  let begun = 0; // those before end before all that is still to come
  for (const range of ranges) {
    let { first } = range;
    while ((others[begun]?.last ?? Infinity) < first) begun++;
    for (let n = begun; (others[n]?.first ?? Infinity) <= range.last; n++) {
      const other = others[n] as Range;
      if (other.first > first) left.push({ ...range, first, last: other.first - 1 });
      first = other.last + 1;
    }
    if (first <= range.last) left.push({ ...range, first });
  }
  return left;
}

/** In order, and neighbours of which the same is said as one: as the kernel compresses them. */
function joined<R extends Range>(ranges: readonly R[]): R[] {
  const all: R[] = [];
  for (const range of [...ranges].sort((one, other) => one.first - other.first)) {
    const before = all.at(-1);
    const same = before?.last === range.first - 1 && isAlike(before, range);
    if (same) all[all.length - 1] = { ...range, first: before.first };
    else all.push(range);
  }
  return all;
}

function isAlike<R extends Range>(one: R, other: R): boolean {
  const keys = Object.keys(one) as (keyof R)[];
  return keys.every((key) => key === 'first' || key === 'last' || one[key] === other[key]);
}
