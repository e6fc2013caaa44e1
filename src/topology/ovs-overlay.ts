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
import { OVERLAY_INDEXES, overlayIndex } from './bond-id.js';
import type { Overlay } from './overlay.js';
import type { BridgePort } from './bridge-port.js';

/** What there is to say of a device that only Open vSwitch knows. */
const DEVICE = {
  type: 'link',
  running: true,
  lower: null,
  master: null,
  bondSlaveActive: null,
  bridgePortState: null,
} as const;

/** The configuration of Open vSwitch as devices over those of the kernel (docs/design/openvswitch.md). */
export function overlayOf(config: OvsConfig, indexes: OvsIndexes): Overlay {
  const builder = new Builder(config, indexes);
  for (const bridge of config.bridges) builder.addBridge(bridge);
  return builder;
}

class Builder implements Overlay {
  readonly devices: LinkEvent[] = [];
  readonly interfaces = new Map<string, LinkEvent>();
  readonly ports = new Map<number, BridgePort>();
  /** The rows of all patch ports, by name: names of interfaces are unique. */
  private readonly patches: ReadonlyMap<string, OvsInterface>;

  constructor(
    { bridges }: OvsConfig,
    private readonly indexes: OvsIndexes,
  ) {
    const all = bridges.flatMap(({ ports }) => ports.flatMap(({ interfaces }) => interfaces));
    this.patches = new Map(all.filter(({ type }) => type === 'patch').map((each) => [each.name, each]));
  }

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

  /** With LACP that has a partner, or balanced by hashes of all there is in a frame, the links are one to their switch. */
  private addBond({ uuid, name, interfaces }: OvsPort, bond: OvsBond, bridge: number, vlans: BridgePort): void {
    const ifindex = this.indexes.of(uuid);
    const mode = bond.fallsBack ? 'active-backup' : bond.mode;
    const oneOfSeveral = bond.fallsBack || (bond.lacp === 'off' && mode !== 'balance-tcp');
    const details: BondDetails = {
      type: 'bond',
      mode: oneOfSeveral ? BOND_MODE_ACTIVEBACKUP : BOND_MODE_8023AD,
      activeSlave: bond.active === null ? null : this.indexes.of(bond.active),
      arpInterval: 0,
      ovs: mode,
    };
    const carrier = interfaces.some(({ up, lowerUp }) => up && lowerUp);
    const state = { up: true, lowerUp: carrier, address: null, master: bridge };
    this.devices.push({ ...DEVICE, ifindex, name, details, ...state });
    this.ports.set(ifindex, vlans);
    for (const each of interfaces) {
      const lower = each.type === 'patch' ? this.otherEnd(each) : null;
      const link = { ...this.linkOf(each, ifindex), lower, bondSlaveActive: each.uuid === bond.active };
      this.interfaces.set(each.name, link);
    }
  }

  private addInterface(each: OvsInterface, master: number, vlans: BridgePort): void {
    const link = this.linkOf(each, master);
    this.ports.set(link.ifindex, vlans);
    if (each.type !== 'patch') this.interfaces.set(each.name, link);
    else this.devices.push({ ...link, up: true, lowerUp: true, lower: this.otherEnd(each) });
  }

  private linkOf({ uuid, name, type: kind, up, lowerUp, mac: address }: OvsInterface, master: number): LinkEvent {
    const ifindex = this.indexes.of(uuid);
    return { ...DEVICE, ifindex, name, up, lowerUp, address, master, details: { type: 'other', kind } };
  }

  /** Two patch ports are joined when each names the other. */
  private otherEnd({ name, peer }: OvsInterface): number | null {
    const other = peer === null ? undefined : this.patches.get(peer);
    return other?.peer === name ? this.indexes.of(other.uuid) : null;
  }
}

/**
 * The VLANs of a port of Open vSwitch (vswitchd.conf.db(5), Port: vlan_mode). VLAN 0 is that of frames without a tag.
 * The first range that holds a VLAN says how it leaves. A dead port is in none.
 */
export function portOfVlans({ mode, tag, trunks, cvlans, ethertype }: OvsVlans): BridgePort {
  const native = tag === null || tag === DEAD_VLAN ? [] : [{ first: tag, last: tag, untagged: true, pvid: true }];
  const trunked = trunkRanges(trunks, mode === 'trunk');
  switch (mode) {
    case 'access':
      return { ...forwarding(native), untaggedOnly: true };
    case 'dot1q-tunnel':
      return { ...forwarding(native), tunnel: { tpid: ethertype, customers: cvlans } };
    case 'native-untagged':
      return forwarding([...native, ...trunked]);
    case 'native-tagged':
      return forwarding([...native.map((range) => ({ ...range, untagged: tag === 0 })), ...trunked]);
    case 'trunk':
      return forwarding(trunked);
  }
}

/** Spanning tree of Open vSwitch is not followed: it is off unless asked for. */
function forwarding(vlans: readonly VlanRange[]): BridgePort {
  return { state: BR_STATE_FORWARDING, vlans };
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
 * Ifindexes of the overlay for rows of the database, from their UUIDs alone, so that a restart keeps them. Of two rows
 * that share one, the greater UUID has the next that is free. Holds one entry a row.
 */
export class OvsIndexes {
  private readonly byUuid = new Map<string, number>();

  constructor({ bridges }: OvsConfig) {
    const ports = bridges.flatMap((bridge) => bridge.ports);
    const rows = [...bridges, ...ports, ...ports.flatMap(({ interfaces }) => interfaces)];
    const taken = new Set<number>();
    for (const uuid of [...new Set(rows.map((row) => row.uuid))].sort()) {
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

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
