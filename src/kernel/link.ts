import { MAC_LENGTH, type Mac, macFromBytes } from '../addr/mac.js';
import { attributeMap, eachAttribute, type Span } from './attributes.js';
import * as c from './constants.js';
import type { BridgePortEvent, KernelEvent, LinkDetails, LinkEvent, VlanRange } from './events.js';

/*
 * struct ifinfomsg (linux/rtnetlink.h):
 *
 *    0        1     2       4         8         12        16
 *    +--------+-----+-------+---------+---------+---------+------------
 *    | family | pad | type  | index   | flags   | change  | attributes
 *    +--------+-----+-------+---------+---------+---------+------------
 */
const IFINFOMSG_LENGTH = 16;

/**
 * Decodes the body of an RTM_NEWLINK or RTM_DELLINK message. In family AF_BRIDGE it speaks of a bridge's port, and
 * RTM_DELLINK then means that the device left the bridge, not that it is gone.
 * @throws NetlinkDecodeError
 */
export function decodeLink(body: Span, gone: boolean): KernelEvent {
  const family = body.u8(0);
  const ifindex = body.i32(4);
  const flags = body.u32(8);
  const attributes = attributeMap(body.from(IFINFOMSG_LENGTH));
  if (family === c.AF_BRIDGE) {
    return gone ? { type: 'bridgePortGone', ifindex } : decodeBridgePort(ifindex, attributes);
  }
  return gone ? { type: 'linkGone', ifindex } : decodeWholeLink(ifindex, flags, attributes);
}

function decodeWholeLink(ifindex: number, flags: number, attributes: Map<number, Span>): LinkEvent {
  const info = attributes.get(c.IFLA_LINKINFO);
  const linkInfo = info ? attributeMap(info) : new Map<number, Span>();
  const slaveKind = linkInfo.get(c.IFLA_INFO_SLAVE_KIND)?.text();
  const slaveData = linkInfo.get(c.IFLA_INFO_SLAVE_DATA);
  const slave = slaveData ? attributeMap(slaveData) : new Map<number, Span>();
  const bondState = slaveKind === 'bond' ? slave.get(c.IFLA_BOND_SLAVE_STATE)?.u8() : undefined;
  return {
    type: 'link',
    ifindex,
    name: attributes.get(c.IFLA_IFNAME)?.text() ?? '',
    up: (flags & c.IFF_UP) !== 0,
    lowerUp: (flags & c.IFF_LOWER_UP) !== 0,
    address: decodeMac(attributes.get(c.IFLA_ADDRESS)),
    master: attributes.get(c.IFLA_MASTER)?.u32() ?? null,
    lower: attributes.has(c.IFLA_LINK_NETNSID) ? null : (attributes.get(c.IFLA_LINK)?.u32() ?? null),
    event: attributes.get(c.IFLA_EVENT)?.u32() ?? null,
    details: decodeDetails(linkInfo),
    bondSlaveActive: bondState === undefined ? null : bondState === c.BOND_STATE_ACTIVE,
    bridgePortState: slaveKind === 'bridge' ? (slave.get(c.IFLA_BRPORT_STATE)?.u8() ?? null) : null,
  };
}

function decodeMac(value: Span | undefined): Mac | null {
  return value?.length === MAC_LENGTH ? macFromBytes(value.bytes) : null;
}

function decodeDetails(linkInfo: Map<number, Span>): LinkDetails {
  const kind = linkInfo.get(c.IFLA_INFO_KIND)?.text() ?? null;
  const nested = linkInfo.get(c.IFLA_INFO_DATA);
  if (!nested) return { type: 'other', kind };
  const data = attributeMap(nested);
  switch (kind) {
    case 'bond':
      return decodeBond(data);
    case 'vlan':
      return {
        type: 'vlan',
        id: data.get(c.IFLA_VLAN_ID)?.u16() ?? 0,
        protocol: data.get(c.IFLA_VLAN_PROTOCOL)?.u16be() ?? c.ETH_P_8021Q,
      };
    case 'bridge':
      return {
        type: 'bridge',
        vlanFiltering: data.get(c.IFLA_BR_VLAN_FILTERING)?.u8() === 1,
        vlanProtocol: data.get(c.IFLA_BR_VLAN_PROTOCOL)?.u16be() ?? c.ETH_P_8021Q,
      };
    default:
      return { type: 'other', kind };
  }
}

function decodeBond(data: Map<number, Span>): LinkDetails {
  const miimon = data.get(c.IFLA_BOND_MIIMON)?.u32();
  return {
    type: 'bond',
    mode: data.get(c.IFLA_BOND_MODE)?.u8() ?? 0,
    activeSlave: data.get(c.IFLA_BOND_ACTIVE_SLAVE)?.u32() || null,
    ...(miimon === undefined ? {} : { miimon }),
    arpInterval: data.get(c.IFLA_BOND_ARP_INTERVAL)?.u32() ?? 0,
  };
}

function decodeBridgePort(ifindex: number, attributes: Map<number, Span>): BridgePortEvent {
  const protinfo = attributes.get(c.IFLA_PROTINFO);
  const afSpec = attributes.get(c.IFLA_AF_SPEC);
  return {
    type: 'bridgePort',
    ifindex,
    state: protinfo ? (attributeMap(protinfo).get(c.IFLA_BRPORT_STATE)?.u8() ?? null) : null,
    vlans: afSpec ? decodeVlans(afSpec) : null,
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
    if (flags & c.BRIDGE_VLAN_INFO_RANGE_BEGIN) {
      first = vid;
      return;
    }
    ranges.push({
      first: flags & c.BRIDGE_VLAN_INFO_RANGE_END ? first : vid,
      last: vid,
      untagged: (flags & c.BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
      pvid: (flags & c.BRIDGE_VLAN_INFO_PVID) !== 0,
    });
  });
  return ranges;
}
