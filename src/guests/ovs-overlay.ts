import { BOND_MODE_8023AD, BOND_MODE_ACTIVEBACKUP, BR_STATE_FORWARDING, ETH_P_8021Q } from '../kernel/constants.js';
import type { BondDetails, LinkEvent, VlanRange } from '../kernel/events.js';
import {
  DEAD_VLAN,
  type OvsBond,
  type OvsBridge,
  type OvsConfig,
  type OvsInterface,
  type OvsPort,
  type OvsVlans,
} from '../sources/ovs/config.js';
import { OVERLAY_INDEXES, overlayIndex } from '../topology/bond-id.js';
import type { Overlay } from '../topology/overlay.js';
import type { BridgePort } from '../topology/bridge-port.js';

/** What there is to say of a device that only Open vSwitch knows. */
const DEVICE = {
  type: 'link',
  lower: null,
  master: null,
  bondSlaveActive: null,
  bridgePortState: null,
} as const;

/** The configuration of Open vSwitch as devices over those of the kernel (docs/design/openvswitch.md). */
export function overlayOf(config: OvsConfig, indexes: OvsIndexes): Overlay {
  const builder = new Builder(indexes, patchPorts(config));
  for (const bridge of config.bridges) builder.addBridge(bridge);
  return builder;
}

/** The rows of all patch ports, by name: names of interfaces are unique. */
function patchPorts({ bridges }: OvsConfig): Map<string, OvsInterface> {
  const all = bridges.flatMap(({ ports }) => ports.flatMap(({ interfaces }) => interfaces));
  return new Map(all.filter(({ type }) => type === 'patch').map((each) => [each.name, each]));
}

class Builder implements Overlay {
  readonly devices: LinkEvent[] = [];
  readonly interfaces = new Map<string, LinkEvent>();
  readonly ports = new Map<number, BridgePort>();

  constructor(
    private readonly indexes: OvsIndexes,
    private readonly patches: ReadonlyMap<string, OvsInterface>,
  ) {}

  addBridge({ uuid, name, programmed, ports }: OvsBridge): void {
    const ifindex = this.indexes.of(uuid);
    const details = { type: 'bridge', vlanFiltering: true, vlanProtocol: ETH_P_8021Q, ovs: { programmed } } as const;
    this.devices.push({ ...DEVICE, ifindex, name, up: true, lowerUp: true, address: null, details });
    for (const port of ports) this.addPort(port, ifindex);
  }

  private addPort(port: OvsPort, bridge: number): void {
    const vlans = portOfVlans(port.vlans);
    if (port.bond) return this.addBond(port, port.bond, bridge, vlans);
    for (const each of port.interfaces) this.addInterface(each, bridge, vlans);
  }

  /** With LACP, or balanced by hashes of all that there is in a frame, the links are one to their switch. */
  private addBond({ uuid, name, interfaces }: OvsPort, bond: OvsBond, bridge: number, vlans: BridgePort): void {
    const ifindex = this.indexes.of(uuid);
    const oneOfSeveral = bond.lacp === 'off' && bond.mode !== 'balance-tcp';
    const details: BondDetails = {
      type: 'bond',
      mode: oneOfSeveral ? BOND_MODE_ACTIVEBACKUP : BOND_MODE_8023AD,
      activeSlave: bond.active === null ? null : this.indexes.of(bond.active),
      arpInterval: 0,
      ovs: bond.mode,
    };
    const carrier = interfaces.some(({ up, lowerUp }) => up && lowerUp);
    const state = { up: true, lowerUp: carrier, address: null, master: bridge };
    this.devices.push({ ...DEVICE, ifindex, name, details, ...state });
    this.ports.set(ifindex, vlans);
    for (const each of interfaces) {
      const kind = { type: 'other', kind: each.type } as const;
      const link = { ...this.linkOf(each, kind), master: ifindex, bondSlaveActive: each.uuid === bond.active };
      this.interfaces.set(each.name, link);
    }
  }

  private addInterface(each: OvsInterface, master: number, vlans: BridgePort): void {
    const link = { ...this.linkOf(each, { type: 'other', kind: each.type }), master };
    this.ports.set(link.ifindex, vlans);
    if (each.type !== 'patch') this.interfaces.set(each.name, link);
    else this.devices.push({ ...link, up: true, lowerUp: true, lower: this.otherEnd(each) });
  }

  private linkOf({ uuid, name, up, lowerUp, mac }: OvsInterface, details: LinkEvent['details']): LinkEvent {
    return { ...DEVICE, ifindex: this.indexes.of(uuid), name, up, lowerUp, address: mac, details };
  }

  /** Two patch ports are joined when each names the other. */
  private otherEnd({ name, peer }: OvsInterface): number | null {
    const other = peer === null ? undefined : this.patches.get(peer);
    return other?.peer === name ? this.indexes.of(other.uuid) : null;
  }
}

/**
 * The VLANs of a port of Open vSwitch as those of a bridge's port (vswitchd.conf.db(5), Port: vlan_mode). VLAN 0 is
 * that of frames without a tag, which may pass a trunk. The first range that holds a VLAN says how it leaves. A dead
 * port is in no VLAN.
 */
export function portOfVlans({ mode, tag, trunks, cvlans, ethertype }: OvsVlans): BridgePort {
  const native = tag === null || tag === DEAD_VLAN ? [] : [tag];
  switch (mode) {
    case 'access':
      return { ...forwarding(native.map(nativeRange)), untaggedOnly: true };
    case 'dot1q-tunnel':
      return { ...forwarding(native.map(nativeRange)), tunnel: { tpid: ethertype, customers: cvlans } };
    case 'native-untagged':
      return forwarding([...native.map(nativeRange), ...trunkRanges(trunks, false)]);
    case 'native-tagged':
      return forwarding([
        ...native.map((vid) => ({ ...nativeRange(vid), untagged: vid === 0 })),
        ...trunkRanges(trunks, false),
      ]);
    case 'trunk':
      return forwarding(trunkRanges(trunks, true));
  }
}

/** Spanning tree of Open vSwitch is not followed: it is off unless asked for. */
function forwarding(vlans: readonly VlanRange[]): BridgePort {
  return { state: BR_STATE_FORWARDING, vlans };
}

function nativeRange(vid: number): VlanRange {
  return { first: vid, last: vid, untagged: true, pvid: true };
}

/**
 * @param passesUntagged whether frames without a tag are of VLAN 0. On a port with a native VLAN they are of that, and
 *   VLAN 0 does not pass at all (ofproto/ofproto-dpif.c: bundle_set)
 */
function trunkRanges(trunks: readonly number[], passesUntagged: boolean): VlanRange[] {
  const untagged = { first: 0, last: 0, untagged: true, pvid: true };
  const tagged = { untagged: false, pvid: false };
  const zero = passesUntagged && (trunks.length === 0 || trunks.includes(0)) ? [untagged] : [];
  if (trunks.length === 0) return [...zero, { first: 1, last: DEAD_VLAN - 1, ...tagged }];
  const vids = [...new Set(trunks)].filter((vid) => vid !== 0 && vid !== DEAD_VLAN).sort((a, b) => a - b);
  const ranges: { first: number; last: number; untagged: boolean; pvid: boolean }[] = [];
  for (const vid of vids) {
    const before = ranges.at(-1);
    if (before?.last === vid - 1) before.last = vid;
    else ranges.push({ first: vid, last: vid, ...tagged });
  }
  return [...zero, ...ranges];
}

/**
 * Ifindexes of the overlay for rows of the database, made from their UUIDs alone, so that they are the same
 * after a restart. Of two rows that would have the same, which takes a few ten thousand rows to happen, the one with
 * the greater UUID has the next that is free. Holds one entry a row of the configuration.
 */
export class OvsIndexes {
  private readonly byUuid = new Map<string, number>();

  constructor(config: OvsConfig) {
    const taken = new Set<number>();
    for (const uuid of [...new Set(uuidsOf(config))].sort()) {
      let n = hash(uuid) % OVERLAY_INDEXES;
      while (taken.has(n)) n = (n + 1) % OVERLAY_INDEXES;
      taken.add(n);
      this.byUuid.set(uuid, overlayIndex(n));
    }
  }

  /** The ifindex of a row of the configuration; 0, which no device has, for another. */
  of(uuid: string): number {
    return this.byUuid.get(uuid) ?? 0;
  }
}

function uuidsOf({ bridges }: OvsConfig): string[] {
  return bridges.flatMap((bridge) => [
    bridge.uuid,
    ...bridge.ports.flatMap((port) => [port.uuid, ...port.interfaces.map(({ uuid }) => uuid)]),
  ]);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
