import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';

/** What a device is, from IFLA_LINKINFO. A device without it is hardware, or as good as hardware. */
export type LinkDetails =
  | BondDetails
  | { readonly type: 'vlan'; readonly id: number; readonly protocol: number }
  | BridgeDetails
  | OtherDetails;

interface OtherDetails {
  readonly type: 'other';
  readonly kind: string | null;
  /**
   * For a port of the switch in a NIC that stands for a virtual or sub-function: a guest has that, and what it sends
   * comes in by this device. Absent for the NIC's own ports.
   */
  readonly represents?: 'guest';
}

export interface BondDetails {
  readonly type: 'bond';
  readonly mode: number;
  readonly activeSlave: number | null;
  /** In milliseconds, as is the next; absent where nobody tells. */
  readonly miimon?: number;
  readonly arpInterval: number;
  /** In milliseconds; absent where nobody tells. */
  readonly downdelay?: number;
  /** The slave that it prefers, among those that it has; absent: none. */
  readonly primary?: number;
  /** With LACP, the aggregator that it sends by (IFLA_BOND_AD_INFO_AGGREGATOR); absent: none. */
  readonly aggregator?: number;
  /** With LACP, the kernel announces the bond's own addresses when ports come and go (broadcast_neighbor). */
  readonly announcesItself?: true;
  /** For a bond that Open vSwitch keeps, and of which no netlink message tells: its mode there. */
  readonly ovs?: 'active-backup' | 'balance-slb' | 'balance-tcp';
}

interface BridgeDetails {
  readonly type: 'bridge';
  readonly vlanFiltering: boolean;
  readonly vlanProtocol: number;
  /** The VLAN that new ports are in, 0 for none, and those that were not given another; absent where nobody tells. */
  readonly defaultPvid?: number;
  /** The ports have a state for each VLAN, of its instance of spanning tree (mst_enabled). Absent: they have not. */
  readonly mst?: true;
  /**
   * How many MACs it has learned (fdb_n_learned), and how many it may (fdb_max_learned). Absent without a limit, and
   * before Linux 6.7. No message tells that the first has changed.
   */
  readonly learned?: number;
  readonly maxLearned?: number;
  /** For a bridge of Open vSwitch: whether flows may send frames other ways, and in other VLANs, than its ports say. */
  readonly ovs?: { readonly programmed: boolean };
}

/** How a slave of a bond stands with LACP. */
interface LacpPort {
  /** IFLA_BOND_SLAVE_AD_AGGREGATOR_ID. */
  readonly aggregator: number;
  /** Whether the other end takes its frames: it says so, or there is nobody who speaks LACP. No message tells of a change. */
  readonly partnerCollects: boolean;
}

/** A device as RTM_NEWLINK describes it; the kernel sends the whole state each time. */
export interface LinkEvent {
  readonly type: 'link';
  readonly ifindex: number;
  readonly name: string;
  readonly up: boolean;
  /** IFF_LOWER_UP: there is carrier. */
  readonly lowerUp: boolean;
  /** IFF_RUNNING: the kernel has acted on the carrier (`carriesFrames`). */
  readonly running: boolean;
  readonly address: Mac | null;
  /** The bond or bridge that the device is enslaved to (IFLA_MASTER). */
  readonly master: number | null;
  /** The device below, or a veth's peer (IFLA_LINK); null when it lives in another network namespace. */
  readonly lower: number | null;
  readonly details: LinkDetails;
  /** For a bond's slave: whether it is the active one (IFLA_BOND_SLAVE_STATE). */
  readonly bondSlaveActive: boolean | null;
  /**
   * For a bond's slave: whether the bond holds its link to be up, neither down nor in a delay
   * (IFLA_BOND_SLAVE_MII_STATUS), and its priority (IFLA_BOND_SLAVE_PRIO; 0 before Linux 6.0). Absent for any other device.
   */
  readonly bondSlave?: { readonly linkUp: boolean; readonly prio: number; readonly lacp?: LacpPort };
  /** For a bridge's port: its spanning tree state (IFLA_BRPORT_STATE). */
  readonly bridgePortState: number | null;
}

/** One range of VLANs that a bridge port is a member of. */
export interface VlanRange {
  readonly first: number;
  readonly last: number;
  readonly untagged: boolean;
  readonly pvid: boolean;
}

/** A bridge's own view of a port, or of itself: an RTM_NEWLINK of family AF_BRIDGE. */
export interface BridgePortEvent {
  readonly type: 'bridgePort';
  readonly ifindex: number;
  readonly state: number | null;
  /** null when the message does not speak of VLANs. */
  readonly vlans: readonly VlanRange[] | null;
}

/** VLANs of a bridge port with all that a bridge says of them. */
export interface PortVlan extends VlanRange {
  /** BR_STATE_*; null where the message does not speak of it. */
  readonly state: number | null;
}

/** VLANs of a bridge port, or of a bridge itself, came or changed, or went; the others stay as they are. */
export interface PortVlansEvent {
  readonly type: 'portVlans';
  readonly gone: boolean;
  readonly ifindex: number;
  readonly vlans: readonly PortVlan[];
}

/** VLANs of a bridge that are of one instance of spanning tree. */
export interface VlanInstance {
  readonly first: number;
  readonly last: number;
  readonly msti: number;
}

/** What a bridge says of VLANs as such, whatever its ports have of them. */
export interface VlanInstancesEvent {
  readonly type: 'vlanInstances';
  readonly ifindex: number;
  readonly instances: readonly VlanInstance[];
}

/** A row of a bridge's forwarding database came, changed or went. */
export interface FdbEvent {
  readonly type: 'fdb';
  readonly gone: boolean;
  readonly mac: Mac;
  /** The port that leads to the MAC. */
  readonly port: number;
  /** The bridge, null for a row that belongs to the device itself. */
  readonly bridge: number | null;
  readonly vlan: number | null;
  readonly state: number;
  readonly flags: number;
  /** The port is locked, and drops the MAC's frames until someone has let it in (NTF_EXT_LOCKED). Absent: it is not so. */
  readonly locked?: true;
}

/** A row of the IPv4 or IPv6 neighbour table came, changed or went. */
export interface NeighbourEvent {
  readonly type: 'neighbour';
  readonly gone: boolean;
  readonly ifindex: number;
  readonly address: Ip;
  readonly mac: Mac | null;
  readonly state: number;
}

/** One of the host's own IP addresses came, changed or went. */
export interface AddressEvent {
  readonly type: 'address';
  readonly gone: boolean;
  readonly ifindex: number;
  readonly address: Ip;
  /** Whether the kernel uses it: not while it looks whether another station has it, and not when one has. */
  readonly usable: boolean;
}

/** Whether the host forwards IPv6 packets that come in by a device: then it says of itself that it is a router. */
export interface ForwardingEvent {
  readonly type: 'forwarding';
  readonly ifindex: number;
  readonly forwarding: boolean;
}

/** A qdisc, in answer to a dump. */
export interface QdiscEvent {
  readonly type: 'qdisc';
  readonly ifindex: number;
  /** Where on the device it sits: TC_H_CLSACT for the place of clsact, and of ingress. */
  readonly parent: number;
  readonly kind: string;
}

/** A tc filter, in answer to a dump. A pref, and a hash table of it, have lines of their own, without an action. */
export interface FilterEvent {
  readonly type: 'filter';
  readonly ifindex: number;
  /** The smaller, the earlier it is asked. */
  readonly pref: number;
  /** Where its last action (mirred) sends what matches; null: it sends nothing. */
  readonly sends: { readonly to: number; readonly redirected: boolean } | null;
}

/** Everything that a netlink datagram can tell us. Messages of other types are passed over. */
export type KernelEvent =
  | LinkEvent
  | { readonly type: 'linkGone'; readonly ifindex: number }
  | BridgePortEvent
  | { readonly type: 'bridgePortGone'; readonly ifindex: number }
  | PortVlansEvent
  | VlanInstancesEvent
  | FdbEvent
  | NeighbourEvent
  | AddressEvent
  | ForwardingEvent
  | QdiscEvent
  | FilterEvent
  /** A dump is complete; when interrupted, the kernel's state changed under it and it is to be asked for again. */
  | { readonly type: 'done'; readonly seq: number; readonly interrupted: boolean }
  /** The answer to request `seq`; errno 0 acknowledges it. */
  | { readonly type: 'answer'; readonly seq: number; readonly errno: number }
  /** Something was lost: what we hold may be wrong until the next dump. */
  | { readonly type: 'lost'; readonly reason: 'malformed' | 'overrun'; readonly detail: string };
