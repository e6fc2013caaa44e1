import { BR_STATE_DISABLED, BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { LinkEvent } from '../kernel/events.js';
import type { Topology } from './topology.js';
import { vlanMembership } from './vlan-membership.js';

/** A VLAN tag on the wire: its EtherType (0x8100 or 0x88a8) and VLAN identifier. */
export interface Tag {
  readonly tpid: number;
  readonly vid: number;
}

/** Why frames that would leave by a bond do not get through to it. */
export type BlockReason = 'vlan-not-on-uplink' | 'uplink-not-forwarding' | 'uplink-down';

/** A way out of the host: by which bond, and with which tags in front of the frame, the outermost first. */
export interface Exit {
  readonly bond: number;
  readonly tags: readonly Tag[];
  readonly blocked: BlockReason | null;
}

/** How many devices a frame may pass; stacks that people build have three or four, and a ring of devices has no end. */
const MAX_HOPS = 16;

/** How far a frame has come: past how many devices, and as what it entered bridges. Entered again, a bridge adds nothing. */
interface Trail {
  readonly hops: number;
  readonly entered: Set<string>;
}

const begin = (): Trail => ({ hops: 0, entered: new Set() });
const further = ({ hops, entered }: Trail): Trail => ({ hops: hops + 1, entered });

/**
 * Where a frame leaves the host that is sent by `ifindex` carrying `tags`: through VLAN devices, bridges, veth pairs
 * and macvlans down to the bonds. Empty when no bond is reached.
 */
export function exitsOfDevice(topology: Topology, ifindex: number, tags: readonly Tag[] = [], trail = begin()): Exit[] {
  const link = topology.link(ifindex);
  if (!link || trail.hops > MAX_HOPS) return [];
  const { details } = link;
  switch (details.type) {
    case 'bond':
      return [{ bond: ifindex, tags, blocked: null }];
    case 'vlan':
      return below(topology, link, [{ tpid: details.protocol, vid: details.id }, ...tags], trail);
    case 'bridge':
      return intoBridge(topology, link, ifindex, tags, trail);
    case 'other':
      if (details.kind === 'macvlan' || details.kind === 'macvtap') return below(topology, link, tags, trail);
      return details.kind === 'veth' && link.lower !== null ? received(topology, link.lower, tags, trail) : [];
  }
}

/**
 * Where a frame leaves the host that bridge `bridge` took in on `port`, in VLAN `vlan` of the bridge (null where the
 * bridge knows no VLANs). This is what an FDB entry for `port` and `vlan` says of its MAC.
 */
export function exitsOfBridgePort(topology: Topology, bridge: number, port: number, vlan: number | null): Exit[] {
  return bridgeExits(topology, bridge, vlan)
    .filter((exit) => exit.port !== port)
    .flatMap((exit) => exit.exits);
}

/**
 * How a frame in VLAN `vlan` of `bridge` leaves by `port` itself: where a MAC is that the bridge learned there.
 * Empty for a port that does not lead to a bond, or only by way of another bridge: that one knows whether the MAC is
 * beyond the bond, or on a port of its own.
 */
export function exitsByPort(topology: Topology, bridge: number, port: number, vlan: number | null): Exit[] {
  if (!leadsStraightOut(topology, port)) return [];
  return bridgeExits(topology, bridge, vlan).find((exit) => exit.port === port)?.exits ?? [];
}

/** Whether a device is a bond, or a VLAN device on one. */
export function leadsStraightOut(topology: Topology, ifindex: number): boolean {
  return topology.link(topology.beneathVlans(ifindex))?.details.type === 'bond';
}

interface PortExits {
  readonly port: number;
  readonly exits: Exit[];
}

function bridgeExits(topology: Topology, bridge: number, vlan: number | null): readonly PortExits[] {
  return topology.memo(`exits ${bridge} ${vlan}`, () => {
    const details = topology.link(bridge)?.details;
    if (details?.type !== 'bridge' || details.vlanFiltering !== (vlan !== null)) return [];
    return forward(topology, bridge, { vlan, tags: [] }, null, null);
  });
}

/** A frame as a bridge sees it: the VLAN it was sorted into, and the tags behind the bridge's own. */
interface BridgedFrame {
  readonly vlan: number | null;
  readonly tags: readonly Tag[];
}

function below(topology: Topology, { lower }: LinkEvent, tags: readonly Tag[], trail: Trail): Exit[] {
  if (lower === null) return [];
  const blocked = topology.link(lower)?.up === false ? 'uplink-down' : null;
  return exitsOfDevice(topology, lower, tags, further(trail)).map((exit) => ({
    ...exit,
    blocked: exit.blocked ?? blocked,
  }));
}

/** A frame that arrives on `ifindex` from outside: a VLAN device on it takes its VLAN first, then the bridge. */
function received(topology: Topology, ifindex: number, tags: readonly Tag[], trail: Trail): Exit[] {
  const [outer, ...inner] = tags;
  const vlanDevice = topology
    .devicesAbove(ifindex)
    .find(({ details }) => details.type === 'vlan' && details.id === outer?.vid && details.protocol === outer.tpid);
  if (vlanDevice) return received(topology, vlanDevice.ifindex, inner, further(trail));
  const bridge = topology.link(topology.link(ifindex)?.master ?? null);
  return bridge ? intoBridge(topology, bridge, ifindex, tags, trail) : [];
}

function intoBridge(topology: Topology, bridge: LinkEvent, ingress: number, tags: readonly Tag[], trail: Trail) {
  const frame = classify(topology, bridge, ingress, tags);
  if (!frame) return [];
  const key = `${bridge.ifindex} ${frame.vlan} ${frame.tags.map(({ tpid, vid }) => `${tpid}.${vid}`).join(' ')}`;
  if (trail.entered.has(key)) return [];
  trail.entered.add(key);
  return forward(topology, bridge.ifindex, frame, ingress, trail).flatMap(({ exits }) => exits);
}

/** net/bridge/br_vlan.c:__allowed_ingress: the tag, else the port's PVID, names the VLAN; the port must be a member. */
function classify(
  topology: Topology,
  { details }: LinkEvent,
  ingress: number,
  tags: readonly Tag[],
): BridgedFrame | null {
  if (details.type !== 'bridge') return null;
  if (!details.vlanFiltering) return { vlan: null, tags };
  const [outer, ...inner] = tags;
  const tagged = outer !== undefined && outer.tpid === details.vlanProtocol;
  const ranges = topology.port(ingress)?.vlans ?? [];
  const vlan = tagged ? outer.vid : ranges.find(({ pvid }) => pvid)?.first;
  if (vlan === undefined || vlanMembership(ranges, vlan) === 'none') return null;
  return { vlan, tags: tagged ? inner : tags };
}

/** @param trail null for a frame that begins here: then each port is followed for itself */
function forward(
  topology: Topology,
  bridge: number,
  frame: BridgedFrame,
  ingress: number | null,
  trail: Trail | null,
): PortExits[] {
  const details = topology.link(bridge)?.details;
  const tpid = details?.type === 'bridge' ? details.vlanProtocol : 0;
  const found: PortExits[] = [];
  for (const slave of topology.slavesOf(bridge)) {
    const { ifindex } = slave;
    if (ifindex === ingress) continue;
    const port = topology.port(ifindex);
    const membership = frame.vlan === null ? 'untagged' : vlanMembership(port?.vlans ?? [], frame.vlan);
    // An uplink that lacks the VLAN is worth a word; a way to another bridge that lacks it is no way.
    if (membership === 'none' && !leadsStraightOut(topology, ifindex)) continue;
    const tags = membership === 'untagged' ? frame.tags : [{ tpid, vid: frame.vlan ?? 0 }, ...frame.tags];
    const blocked = blockReason(slave, port?.state ?? null, membership === 'none');
    const exits = exitsOfDevice(topology, ifindex, tags, further(trail ?? begin()));
    if (exits.length > 0)
      found.push({ port: ifindex, exits: exits.map((e) => ({ ...e, blocked: e.blocked ?? blocked })) });
  }
  return found;
}

/**
 * A port without carrier is disabled by the bridge, whatever spanning tree says of it (net/bridge/br_if.c:
 * br_port_carrier_check). That is no reason to forget the guests: they are to be announced when the carrier is back,
 * and the bridge enables the port before the kernel tells of the carrier.
 */
function blockReason({ up, lowerUp }: LinkEvent, state: number | null, notMember: boolean): BlockReason | null {
  if (notMember) return 'vlan-not-on-uplink';
  if (!up) return 'uplink-down';
  const forwards = state === BR_STATE_FORWARDING || (state === BR_STATE_DISABLED && !lowerUp);
  return forwards ? null : 'uplink-not-forwarding';
}
