import { BR_STATE_DISABLED, BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { LinkEvent } from '../kernel/events.js';
import { carriesFrames, otherKind } from '../kernel/link.js';
import {
  type BridgedFrame,
  classify,
  describeFrame,
  framesBehind,
  frameOfRow,
  tagged,
  tagsBefore,
  tagsSent,
} from './bridging.js';
import { stateIn } from './bridge-port.js';
import { asBond, type Exit } from './bond-id.js';
import { isProgrammed, leadsStraightOut } from './guest-port.js';
import type { Tag } from '../frames/ethernet.js';
import type { Topology } from './topology.js';

/** Why frames that would leave by a bond do not get through to it. */
export type BlockReason = 'vlan-not-on-uplink' | 'uplink-not-forwarding' | 'uplink-down';

/** An exit that frames are led to. */
export interface RoutedExit extends Exit {
  readonly blocked: BlockReason | null;
  /**
   * How a frame comes to leave so, for a bond that Open vSwitch keeps: frames cannot be sent on it, only into its bridge.
   * null for the kernel's bonds, and where nobody knows the port that the frame comes from.
   */
  readonly entry: Entry | null;
}

/** Where a frame enters the bridge that a bond is a port of. */
export interface Entry {
  /** The port, by its ifindex: the kernel's, or the overlay's (a patch port, an interface in another namespace). */
  readonly port: number;
  /** Those that it carries when it enters there, the outermost first. */
  readonly tags: readonly Tag[];
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
 * Where a frame leaves the host that is sent by `ifindex` carrying `tags`: through VLAN devices, bridges, veth pairs,
 * patch ports and macvlans down to the bonds. Empty when no bond is reached.
 */
export function exitsOfDevice(
  topology: Topology,
  ifindex: number,
  tags: readonly Tag[] = [],
  trail = begin(),
): RoutedExit[] {
  const link = topology.link(ifindex);
  if (!link || trail.hops > MAX_HOPS) return [];
  const { details } = link;
  switch (details.type) {
    case 'bond':
      return [{ bond: asBond(ifindex), tags, blocked: null, entry: null }];
    case 'vlan':
      return below(topology, link, [{ tpid: details.protocol, vid: details.id }, ...tags], trail);
    case 'bridge':
      return intoBridge(topology, link, ifindex, tags, trail);
    case 'other':
      return exitsOfOther(topology, link, details.kind, tags, trail);
  }
}

function exitsOfOther(
  topology: Topology,
  link: LinkEvent,
  kind: string | null,
  tags: readonly Tag[],
  trail: Trail,
): RoutedExit[] {
  if (kind === 'macvlan' || kind === 'macvtap') return below(topology, link, tags, trail);
  const bridge = kind === 'internal' ? topology.link(link.master) : undefined;
  if (bridge) return intoBridge(topology, bridge, link.ifindex, tags, trail);
  const isCable = kind === 'veth' || kind === 'patch';
  return isCable && link.lower !== null ? received(topology, link.lower, tags, trail) : [];
}

/**
 * Where a frame leaves the host that bridge `bridge` took in on `port`, in VLAN `vlan` of the bridge (null where the
 * bridge knows no VLANs). This is what an FDB entry for `port` and `vlan` says of its MAC.
 */
export function exitsOfBridgePort(topology: Topology, bridge: number, port: number, vlan: number | null): RoutedExit[] {
  const facts = topology.port(port);
  const frame = frameOfRow(topology, bridge, facts, vlan);
  if (!frame) return [];
  return bridgeExits(topology, bridge, frame)
    .filter((exit) => exit.port !== port)
    .flatMap(({ port: leaving, exits }) =>
      isOvsBond(topology, leaving)
        ? exits.map((exit) => ({ ...exit, entry: { port, tags: tagsBefore(facts, frame) } }))
        : exits,
    );
}

/**
 * Where the frames leave that a guest behind a port of a bridge, in VLAN `vlan` of it, sends with `inner` tags of its own
 * behind those of the VLAN. A bridge that sorts frames by tags of their kind sorts these, too: by the first of `inner`
 * where the guest gives its frames no tag for the VLAN. @param bridge null: the frames of the device itself
 */
export function exitsOfInner(
  topology: Topology,
  { device, bridge, vlan }: { readonly device: number; readonly bridge: number | null; readonly vlan: number | null },
  inner: readonly Tag[],
): readonly RoutedExit[] {
  const tags = inner.map(({ tpid, vid }) => `${tpid}.${vid}`).join(' ');
  return topology.memo(`inner ${device} ${bridge} ${vlan} ${tags}`, () => {
    if (bridge === null) return exitsOfDevice(topology, device, inner);
    const port = topology.port(device);
    const frame = frameOfRow(topology, bridge, port, vlan);
    return frame ? received(topology, device, [...tagsBefore(port, frame), ...inner], begin()) : [];
  });
}

/**
 * How a frame in VLAN `vlan` of `bridge` leaves by `port` itself: where a MAC is that the bridge learned there.
 * Empty for a port that does not lead to a bond, or only by way of another bridge: that one knows whether the MAC is
 * beyond the bond, or on a port of its own.
 */
export function exitsByPort(topology: Topology, bridge: number, port: number, vlan: number | null): RoutedExit[] {
  if (!leadsStraightOut(topology, port)) return [];
  const frames = framesBehind(topology, bridge, vlan);
  return frames.flatMap(
    (frame) => bridgeExits(topology, bridge, frame).find((exit) => exit.port === port)?.exits ?? [],
  );
}

function isOvsBond(topology: Topology, ifindex: number): boolean {
  const details = topology.link(ifindex)?.details;
  return details?.type === 'bond' && details.ovs !== undefined;
}

/** Where a frame leaves the host that is sent into a cable by one end of it: into the bridge at the other. */
export function exitsOfCable(topology: Topology, end: number, tags: readonly Tag[]): RoutedExit[] {
  const lower = topology.link(end)?.lower ?? null;
  return lower === null ? [] : received(topology, lower, tags, begin());
}

interface PortExits {
  readonly port: number;
  readonly exits: RoutedExit[];
}

function bridgeExits(topology: Topology, bridge: number, frame: BridgedFrame): readonly PortExits[] {
  return topology.memo(`exits ${bridge} ${describeFrame(frame)}`, () => forward(topology, bridge, frame));
}

function below(topology: Topology, { lower }: LinkEvent, tags: readonly Tag[], trail: Trail): RoutedExit[] {
  if (lower === null) return [];
  const blocked = topology.link(lower)?.up === false ? 'uplink-down' : null;
  return exitsOfDevice(topology, lower, tags, further(trail)).map((exit) => ({
    ...exit,
    blocked: exit.blocked ?? blocked,
  }));
}

/** A frame that arrives on `ifindex` from outside: a VLAN device on it takes its VLAN first, then the bridge. */
function received(topology: Topology, ifindex: number, tags: readonly Tag[], trail: Trail): RoutedExit[] {
  const [outer, ...inner] = tags;
  const vlanDevice = topology
    .devicesAbove(ifindex)
    .find(({ details }) => details.type === 'vlan' && details.id === outer?.vid && details.protocol === outer.tpid);
  if (vlanDevice) return received(topology, vlanDevice.ifindex, inner, further(trail));
  const bridge = topology.link(topology.link(ifindex)?.master ?? null);
  return bridge ? intoBridge(topology, bridge, ifindex, tags, trail) : [];
}

/** Nothing is known of a frame that enters a programmed bridge: neither its way, nor its VLAN. */
function intoBridge(topology: Topology, bridge: LinkEvent, ingress: number, tags: readonly Tag[], trail: Trail) {
  const frame = isProgrammed(topology, bridge.ifindex) ? null : classify(topology, bridge, ingress, tags);
  if (!frame) return [];
  const key = `${bridge.ifindex} ${describeFrame(frame)}`;
  if (trail.entered.has(key)) return [];
  trail.entered.add(key);
  return forward(topology, bridge.ifindex, frame, { port: ingress, tags }, trail).flatMap(({ exits }) => exits);
}

/** @param entry null for a frame that a bridge has learned of: then each port is followed for itself, without a trail */
function forward(
  topology: Topology,
  bridge: number,
  frame: BridgedFrame,
  entry: Entry | null = null,
  trail?: Trail,
): PortExits[] {
  const programmed = isProgrammed(topology, bridge);
  const mst = usesMst(topology, bridge);
  const found: PortExits[] = [];
  for (const slave of topology.slavesOf(bridge)) {
    const { ifindex } = slave;
    const straight = leadsStraightOut(topology, ifindex);
    if (ifindex === entry?.port || (programmed && !straight)) continue;
    if (otherKind(slave) === 'internal') continue; // leads to the host itself
    const port = topology.port(ifindex);
    const sent = tagsSent(port, frame);
    // An uplink that lacks the VLAN is worth a word; a way to another bridge that lacks it is no way.
    if (sent === null && !straight) continue;
    const blocked = sent === null ? 'vlan-not-on-uplink' : blockReason(slave, stateIn(port, frame.vlan, mst));
    const exits = exitsOfDevice(topology, ifindex, sent ?? tagged(frame), further(trail ?? begin()));
    const entered = isOvsBond(topology, ifindex) ? { entry } : {};
    if (exits.length > 0)
      found.push({ port: ifindex, exits: exits.map((e) => ({ ...e, ...entered, blocked: e.blocked ?? blocked })) });
  }
  return found;
}

function usesMst(topology: Topology, bridge: number): boolean {
  const details = topology.link(bridge)?.details;
  return details?.type === 'bridge' && details.mst === true;
}

/**
 * A bridge disables a port without carrier (net/bridge/br_if.c: br_port_carrier_check), and enables it before the
 * kernel reports that frames leave again: its guests are to be announced then, so that they are not blocked.
 * @param state of the port in the frame's VLAN
 */
function blockReason(port: LinkEvent, state: number | null): BlockReason | null {
  if (!port.up) return 'uplink-down';
  const forwards = state === BR_STATE_FORWARDING || (state === BR_STATE_DISABLED && !carriesFrames(port));
  return forwards ? null : 'uplink-not-forwarding';
}
