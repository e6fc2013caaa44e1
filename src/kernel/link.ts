import { eachAttribute, pick, type Span } from './attributes.js';
import * as c from './constants.js';
import type { KernelEvent, LinkDetails, LinkEvent, VlanRange } from './events.js';

/*
 * struct ifinfomsg (linux/rtnetlink.h):
 *
 *    0        1     2       4         8         12        16
 *    +--------+-----+-------+---------+---------+---------+------------
 *    | family | pad | type  | index   | flags   | change  | attributes
 *    +--------+-----+-------+---------+---------+---------+------------
 */
export const IFINFOMSG_LENGTH = 16;

const LINK_ATTRIBUTES = [
  c.IFLA_IFNAME,
  c.IFLA_ADDRESS,
  c.IFLA_MASTER,
  c.IFLA_LINK,
  c.IFLA_LINK_NETNSID,
  c.IFLA_LINKINFO,
  c.IFLA_PHYS_SWITCH_ID,
  c.IFLA_PHYS_PORT_NAME,
] as const;
const INFO_ATTRIBUTES = [c.IFLA_INFO_KIND, c.IFLA_INFO_DATA, c.IFLA_INFO_SLAVE_KIND, c.IFLA_INFO_SLAVE_DATA] as const;
const BOND_ATTRIBUTES = [
  c.IFLA_BOND_MODE,
  c.IFLA_BOND_ACTIVE_SLAVE,
  c.IFLA_BOND_MIIMON,
  c.IFLA_BOND_ARP_INTERVAL,
  c.IFLA_BOND_DOWNDELAY,
  c.IFLA_BOND_PRIMARY,
  c.IFLA_BOND_AD_INFO,
  c.IFLA_BOND_BROADCAST_NEIGH,
] as const;
const AD_INFO_ATTRIBUTES = [c.IFLA_BOND_AD_INFO_AGGREGATOR] as const;
const VLAN_ATTRIBUTES = [c.IFLA_VLAN_ID, c.IFLA_VLAN_PROTOCOL] as const;
const BRIDGE_ATTRIBUTES = [
  c.IFLA_BR_VLAN_FILTERING,
  c.IFLA_BR_VLAN_PROTOCOL,
  c.IFLA_BR_VLAN_DEFAULT_PVID,
  c.IFLA_BR_MULTI_BOOLOPT,
  c.IFLA_BR_FDB_N_LEARNED,
  c.IFLA_BR_FDB_MAX_LEARNED,
] as const;
const BRIDGE_PORT_ATTRIBUTES = [c.IFLA_PROTINFO, c.IFLA_AF_SPEC] as const;
const BOND_SLAVE_ATTRIBUTES = [
  c.IFLA_BOND_SLAVE_STATE,
  c.IFLA_BOND_SLAVE_MII_STATUS,
  c.IFLA_BOND_SLAVE_PRIO,
  c.IFLA_BOND_SLAVE_AD_AGGREGATOR_ID,
  c.IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE,
  c.IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE,
] as const;
const BRPORT_ATTRIBUTES = [c.IFLA_BRPORT_STATE] as const;
const AF_SPEC_ATTRIBUTES = [c.IFLA_BRIDGE_FLAGS] as const;

/**
 * Decodes the body of an RTM_NEWLINK or RTM_DELLINK message. In family AF_BRIDGE it speaks of a bridge's port, and
 * RTM_DELLINK then means that the device left the bridge, not that it is gone.
 * @returns null for what the driver of a NIC adds of the switch inside of it
 * @throws NetlinkDecodeError
 */
export function decodeLink(body: Span, gone: boolean): KernelEvent | null {
  const family = body.u8(0);
  const ifindex = body.i32(4);
  const attributes = body.from(IFINFOMSG_LENGTH);
  if (gone) return { type: family === c.AF_BRIDGE ? 'bridgePortGone' : 'linkGone', ifindex };
  if (family === c.AF_BRIDGE) {
    const [protinfo, afSpec] = pick(attributes, BRIDGE_PORT_ATTRIBUTES);
    if (afSpec && isDrivers(afSpec)) return null;
    const vlans = afSpec ? decodeVlans(afSpec) : null;
    return { type: 'bridgePort', ifindex, state: stateOf(protinfo, BRPORT_ATTRIBUTES), vlans };
  }
  return decodeWholeLink(ifindex, body.u32(8), attributes);
}

/**
 * Drivers of NICs with virtual functions answer for a device after its bridge (net/core/rtnetlink.c: rtnl_bridge_getlink,
 * ndo_dflt_bridge_getlink), and tell of changes, with BRIDGE_FLAGS_SELF: the mode of the switch inside of the NIC, hardly
 * ever VLANs, and no state. None of it is the bridge's word on its port.
 */
function isDrivers(afSpec: Span): boolean {
  const [flags] = pick(afSpec, AF_SPEC_ATTRIBUTES);
  return ((flags?.u16() ?? 0) & c.BRIDGE_FLAGS_SELF) !== 0;
}

function decodeWholeLink(ifindex: number, flags: number, attributes: Span): LinkEvent {
  const [name, address, master, lower, lowerNetns, info, switchId, portName] = pick(attributes, LINK_ATTRIBUTES);
  const [kind, data, slaveKind, slaveData] = info ? pick(info, INFO_ATTRIBUTES) : [];
  const port = slaveData && slaveKind?.text();
  const details = decodeDetails(kind?.text() ?? null, data);
  const ofBond = slaveData && port === 'bond' ? decodeBondSlave(slaveData) : null;
  return {
    type: 'link',
    ifindex,
    name: name?.text() ?? '',
    up: (flags & c.IFF_UP) !== 0,
    lowerUp: (flags & c.IFF_LOWER_UP) !== 0,
    running: (flags & c.IFF_RUNNING) !== 0,
    address: address?.mac() ?? null,
    master: master?.u32() ?? null,
    lower: lowerNetns ? null : (lower?.u32() ?? null),
    details: details.type === 'other' ? { ...details, ...represented(switchId, portName) } : details,
    bondSlaveActive: ofBond?.active ?? null,
    bridgePortState: port === 'bridge' ? stateOf(slaveData, BRPORT_ATTRIBUTES) : null,
    ...(ofBond?.bondSlave ? { bondSlave: ofBond.bondSlave } : {}),
  };
}

function decodeBondSlave(data: Span) {
  const [state, miiStatus, prio, aggregator, actor, partner] = pick(data, BOND_SLAVE_ATTRIBUTES);
  const hasNoPartner = ((actor?.u8() ?? 0) & c.LACP_STATE_DEFAULTED) !== 0;
  const partnerCollects = hasNoPartner || ((partner?.u16() ?? 0) & c.LACP_STATE_COLLECTING) !== 0;
  return {
    active: state ? state.u8() === c.BOND_STATE_ACTIVE : null,
    bondSlave: miiStatus && {
      ...{ linkUp: miiStatus.u8() === c.BOND_LINK_UP, prio: prio?.i32() ?? 0 },
      ...(aggregator ? { lacp: { aggregator: aggregator.u16(), partnerCollects } } : {}),
    },
  };
}

/**
 * Whether a device lets frames out. Carrier alone is not enough: from Linux 7.0 on a bond whose first link is back says
 * LOWER_UP, its new active slave and NOTIFY_PEERS while its queues still drop everything (net/core/link_watch.c:
 * linkwatch_do_dev activates them and sets RUNNING); the message in which frames leave follows 0.2 ms later.
 */
export function carriesFrames({ lowerUp, running }: Pick<LinkEvent, 'lowerUp' | 'running'>): boolean {
  return lowerUp && running;
}

/**
 * The kind of a device of which no details are read, such as `veth` (IFLA_INFO_KIND).
 * @returns null for any other device, for hardware, and where there is none
 */
export function otherKind(link: Pick<LinkEvent, 'details'> | undefined): string | null {
  return link?.details.type === 'other' ? link.details.kind : null;
}

/** Whether a device is a macvlan or macvtap, which bypass every bridge. */
export function isMacvlan(link: Pick<LinkEvent, 'details'>): boolean {
  const kind = otherKind(link);
  return kind === 'macvlan' || kind === 'macvtap';
}

function stateOf(data: Span | undefined, types: readonly [number]): number | null {
  const [state] = data ? pick(data, types) : [];
  return state?.u8() ?? null;
}

function decodeDetails(kind: string | null, data: Span | undefined): LinkDetails {
  if (!data) return { type: 'other', kind };
  switch (kind) {
    case 'bond':
      return decodeBond(data);
    case 'vlan': {
      const [id, protocol] = pick(data, VLAN_ATTRIBUTES);
      return { type: 'vlan', id: id?.u16() ?? 0, protocol: protocol?.u16be() ?? c.ETH_P_8021Q };
    }
    case 'bridge':
      return decodeBridge(data);
    default:
      return { type: 'other', kind };
  }
}

/**
 * What a port of a NIC's switch stands for, by the name that the kernel gives it (net/devlink:
 * __devlink_port_phys_port_name_get): p0 and p0s1 are plugs of the NIC, pf0 is the host's own function, and pf0vf1,
 * pf0sf88 and c1pf0vf1 are those that guests have.
 */
function represented(switchId: Span | undefined, portName: Span | undefined): { readonly represents?: 'guest' } {
  const isGuests = switchId !== undefined && /^(?:c\d+)?pf\d+(?:vf|sf)\d+$/.test(portName?.text() ?? '');
  return isGuests ? { represents: 'guest' } : {};
}

/** IFLA_BR_MULTI_BOOLOPT is struct br_boolopt_multi (linux/if_bridge.h): the values, one bit each, then which are meant. */
function decodeBridge(data: Span): LinkDetails {
  const [filtering, protocol, defaultPvid, options, learned, most] = pick(data, BRIDGE_ATTRIBUTES);
  const mst = ((options?.u32() ?? 0) & (1 << c.BR_BOOLOPT_MST_ENABLE)) !== 0;
  const maxLearned = most?.u32() ?? 0; // 0: as many as come
  return {
    type: 'bridge',
    vlanFiltering: filtering?.u8() === 1,
    vlanProtocol: protocol?.u16be() ?? c.ETH_P_8021Q,
    ...(defaultPvid ? { defaultPvid: defaultPvid.u16() } : {}),
    ...(mst ? { mst } : {}),
    ...(learned && maxLearned > 0 ? { learned: learned.u32(), maxLearned } : {}),
  };
}

function decodeBond(data: Span): LinkDetails {
  const [mode, activeSlave, miimon, arpInterval, downdelay, primary, lacp, itself] = pick(data, BOND_ATTRIBUTES);
  const [aggregator] = lacp ? pick(lacp, AD_INFO_ATTRIBUTES) : [];
  return {
    type: 'bond',
    mode: mode?.u8() ?? 0,
    activeSlave: activeSlave?.u32() || null,
    ...(miimon ? { miimon: miimon.u32() } : {}),
    arpInterval: arpInterval?.u32() ?? 0,
    ...(downdelay ? { downdelay: downdelay.u32() } : {}),
    ...(primary ? { primary: primary.u32() } : {}),
    ...(aggregator ? { aggregator: aggregator.u16() } : {}),
    ...(itself?.u8() ? { announcesItself: true } : {}),
  };
}

/**
 * struct bridge_vlan_info (linux/if_bridge.h) is {flags: u16, vid: u16}. A compressed dump sends a range as two of
 * them, the first flagged RANGE_BEGIN and the second RANGE_END.
 */
function decodeVlans(afSpec: Span): VlanRange[] {
  const ranges: VlanRange[] = [];
  let first = 0;
  eachAttribute(afSpec, (type, value) => {
    if (type !== c.IFLA_BRIDGE_VLAN_INFO) return;
    const flags = value.u16(0);
    const vid = value.u16(2);
    if (flags & c.BRIDGE_VLAN_INFO_RANGE_BEGIN) return void (first = vid);
    ranges.push({
      first: flags & c.BRIDGE_VLAN_INFO_RANGE_END ? first : vid,
      last: vid,
      untagged: (flags & c.BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
      pvid: (flags & c.BRIDGE_VLAN_INFO_PVID) !== 0,
    });
  });
  return ranges;
}
