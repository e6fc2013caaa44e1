import { ETH_P_8021AD, ETH_P_8021Q } from '../kernel/constants.js';
import type { LinkEvent } from '../kernel/events.js';
import type { Tag } from '../frames/ethernet.js';
import { type BridgePort, pvidOf, vlanMembership } from './bridge-port.js';
import type { Topology } from './topology.js';

/** A frame as a bridge sees it. */
export interface BridgedFrame {
  /** The VLAN that it was sorted into; 0, in Open vSwitch, for that of frames without a tag; null in a bridge that knows none. */
  readonly vlan: number | null;
  /** The EtherType of the VLAN's tag, where it has one. */
  readonly tpid: number;
  /** The tags behind the bridge's own. */
  readonly tags: readonly Tag[];
}

/**
 * What a bridge makes of a frame that comes in by a port; null when it drops it. net/bridge/br_vlan.c:__allowed_ingress:
 * the tag, else the port's PVID, names the VLAN; the port must be a member. Open vSwitch does the same with tags of
 * either EtherType (ofproto-dpif-xlate.c: input_vid_is_valid, xvlan_input_translate).
 */
export function classify(
  topology: Topology,
  { details }: LinkEvent,
  ingress: number,
  tags: readonly Tag[],
): BridgedFrame | null {
  if (details.type !== 'bridge') return null;
  if (!details.vlanFiltering) return { vlan: null, tpid: details.vlanProtocol, tags };
  const port = topology.port(ingress);
  const [outer, ...inner] = tags;
  const ownTypes = details.ovs ? [ETH_P_8021Q, ETH_P_8021AD] : [details.vlanProtocol];
  const isOwn = outer && ownTypes.includes(outer.tpid);
  const own = isOwn && !port?.tunnel ? outer : null;
  const vlan = own ? own.vid : pvidOf(port);
  if (!port || vlan === null || (own && port.untaggedOnly) || vlanMembership(port.vlans, vlan) === 'none') return null;
  const tpid = port.tunnel?.tpid ?? own?.tpid ?? details.vlanProtocol;
  const frame = { vlan, tpid, tags: own ? inner : tags };
  return isLetThrough(port, frame) ? frame : null;
}

/**
 * The frames that a row of a bridge's table may speak of that was learned on a port in a VLAN; null when the port lets
 * no such frame in: then the row is a leftover.
 */
export function frameOfRow(
  topology: Topology,
  bridge: number,
  port: BridgePort | undefined,
  vlan: number | null,
): BridgedFrame | null {
  const details = topology.link(bridge)?.details;
  if (details?.type !== 'bridge' || details.vlanFiltering !== (vlan !== null)) return null;
  const frame = { vlan, tpid: details.vlanProtocol, tags: [] };
  if (vlan === null || !details.ovs) return frame;
  if (!port || vlanMembership(port.vlans, vlan) === 'none') return null;
  return port.tunnel ? tunnelled(port.tunnel, vlan) : frame;
}

/** A frame of a customer: in the only VLAN that it may be in, or without one; null when there are several to choose from. */
function tunnelled({ tpid, customers }: NonNullable<BridgePort['tunnel']>, vlan: number): BridgedFrame | null {
  const [customer, ...more] = customers;
  if (customer === undefined || customers.includes(0)) return { vlan, tpid, tags: [] };
  return more.length > 0 ? null : { vlan, tpid, tags: [{ tpid: ETH_P_8021Q, vid: customer }] };
}

/** The frames of a VLAN that may have come in by any port: a bridge's table does not tell the EtherType of their tags. */
export function framesBehind(topology: Topology, bridge: number, vlan: number | null): readonly BridgedFrame[] {
  return topology.memo(`frames ${bridge} ${vlan}`, () => {
    const details = topology.link(bridge)?.details;
    if (details?.type !== 'bridge' || details.vlanFiltering !== (vlan !== null)) return [];
    const frames = new Map<string, BridgedFrame>([['', { vlan, tpid: details.vlanProtocol, tags: [] }]]);
    for (const { ifindex } of details.ovs ? topology.slavesOf(bridge) : []) {
      const port = topology.port(ifindex);
      const frame = port?.tunnel ? frameOfRow(topology, bridge, port, vlan) : null;
      if (frame) frames.set(describeFrame(frame), frame);
    }
    return [...frames.values()];
  });
}

/** Identifies a frame within a bridge. */
export function describeFrame({ vlan, tpid, tags }: BridgedFrame): string {
  return [`${tpid}.${vlan}`, ...tags.map(({ tpid: type, vid }) => `${type}.${vid}`)].join(' ');
}

/** The tags with which a port sends a frame; null when it does not. */
export function tagsSent(port: BridgePort | undefined, frame: BridgedFrame): readonly Tag[] | null {
  if (frame.vlan === null) return frame.tags;
  const membership = vlanMembership(port?.vlans ?? [], frame.vlan);
  if (membership === 'none' || (port && !isLetThrough(port, frame))) return null;
  return membership === 'untagged' ? frame.tags : tagged(frame);
}

/** The tags with which a frame came in by a port that is now in the bridge. */
export function tagsBefore(port: BridgePort | undefined, frame: BridgedFrame): readonly Tag[] {
  return frame.vlan === null || port?.tunnel || pvidOf(port) === frame.vlan ? frame.tags : tagged(frame);
}

/** A frame with the tag of its VLAN. */
export function tagged({ vlan, tpid, tags }: BridgedFrame): readonly Tag[] {
  return vlan === null || vlan === 0 ? tags : [{ tpid, vid: vlan }, ...tags];
}

/** What of tags behind the VLAN's own a port of Open vSwitch lets through, either way. */
function isLetThrough({ untaggedOnly, tunnel }: BridgePort, { tags: [inner] }: BridgedFrame): boolean {
  if (untaggedOnly) return inner === undefined;
  return !tunnel || tunnel.customers.length === 0 || tunnel.customers.includes(inner?.vid ?? 0);
}
