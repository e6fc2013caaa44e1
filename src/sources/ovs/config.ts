import type { Mac } from '../../addr/mac.js';

/** What Open vSwitch's database says of the switch. Rows keep their UUID for as long as they live. */
export interface OvsConfig {
  readonly bridges: readonly OvsBridge[];
}

/** A row of the table Bridge. */
export interface OvsBridge {
  readonly uuid: string;
  readonly name: string;
  /**
   * Flows decide where frames go (a controller, or fail_mode secure), and may change their VLANs on the way: what the
   * ports say is not enough to tell how a frame leaves, but what the bridge has learned itself still is.
   */
  readonly programmed: boolean;
  /** After how many seconds a MAC that is not heard any more is forgotten (other_config:mac-aging-time). */
  readonly macAgingTime: number;
  /** How many MACs are learned at most (other_config:mac-table-size). */
  readonly macTableSize: number;
  readonly ports: readonly OvsPort[];
}

/** How a port treats VLANs (vswitchd.conf.db(5), Port: vlan_mode, tag, trunks), its defaults resolved. */
export interface OvsVlans {
  readonly mode: 'access' | 'trunk' | 'native-tagged' | 'native-untagged' | 'dot1q-tunnel';
  /** The VLAN of an access or dot1q-tunnel port, or the native one: 0 to 4095; null for mode trunk. */
  readonly tag: number | null;
  /**
   * The VLANs of a trunk; empty for all of them. 0 stands for frames without a tag. A native VLAN other than 0 is always
   * carried, and 0 then never is, even where this is empty (ofproto/ofproto-dpif.c, bundle_set()).
   */
  readonly trunks: readonly number[];
  /** For dot1q-tunnel: the customers' VLANs that are let in; empty for all of them. */
  readonly cvlans: readonly number[];
  /** For dot1q-tunnel: the EtherType of the tag that is added. */
  readonly ethertype: 0x8100 | 0x88a8;
}

/** A row of the table Port. */
export interface OvsPort {
  readonly uuid: string;
  readonly name: string;
  readonly vlans: OvsVlans;
  /** One, or the members of a bond. */
  readonly interfaces: readonly OvsInterface[];
  /** null for a port with one interface. */
  readonly bond: OvsBond | null;
}

/** What makes several interfaces one port. */
export interface OvsBond {
  readonly mode: 'active-backup' | 'balance-slb' | 'balance-tcp';
  /** The UUID of the interface whose MAC bond_active_slave names; null while there is none. */
  readonly active: string | null;
  readonly lacp: 'off' | 'active' | 'passive';
  /**
   * LACP is configured and has no partner, and the bond is to be one of mode active-backup until it has
   * (other_config:lacp-fallback-ab).
   */
  readonly fallsBack?: true;
  /** Milliseconds for which a link must be up before it is used. */
  readonly updelay: number;
}

/** A row of the table Interface. */
export interface OvsInterface {
  readonly uuid: string;
  readonly name: string;
  /** `system`, `internal`, `patch`, or the kind of a tunnel. */
  readonly type: string;
  readonly ifindex: number | null;
  /** The number of the port in OpenFlow; null while it has none, 0xfffe for the bridge's own. */
  readonly ofport: number | null;
  /** For a patch port, the name of the interface it is joined to. */
  readonly peer: string | null;
  readonly mac: Mac | null;
  /** admin_state and link_state; both false as long as the switch does not tell. */
  readonly up: boolean;
  readonly lowerUp: boolean;
  /** There where LACP has heard a partner on it lately (lacp_current). */
  readonly hasPartner?: true;
  /** There where it is to limit what comes in (ingress_policing_rate), for which it takes the qdisc ingress. */
  readonly policed?: true;
}

/** A row of a bridge's MAC table, as fdb/show tells of it. */
export interface OvsMacRow {
  /** As in OvsInterface; for a bond, of one of its members. */
  readonly ofport: number;
  /** 0 for frames without a tag. */
  readonly vlan: number;
  readonly mac: Mac;
  /** Seconds since it was heard last; null for a static row. */
  readonly age: number | null;
}

/** OFPP_LOCAL of OpenFlow 1.0: the port of the bridge itself. */
export const OFPORT_LOCAL = 0xfffe;

/** Neutron's "dead" VLAN: ports that are to be cut off carry it, and nothing of them is ever announced. */
export const DEAD_VLAN = 4095;
