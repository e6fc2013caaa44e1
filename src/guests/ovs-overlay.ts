import { BOND_MODE_8023AD, BOND_MODE_ACTIVEBACKUP, ETH_P_8021Q } from '../kernel/constants.js';
import type { BondDetails, LinkEvent } from '../kernel/events.js';
import type { OvsBond, OvsBridge, OvsConfig, OvsInterface, OvsPort } from '../sources/ovs/config.js';
import type { Overlay } from '../topology/overlay.js';
import type { BridgePort } from '../topology/bridge-port.js';
import type { OvsIndexes } from './ovs-indexes.js';
import { portOfVlans } from './ovs-vlans.js';

/** What there is to say of a device that only Open vSwitch knows. */
const DEVICE = {
  type: 'link',
  event: null,
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
