import { type Mac, MAC_LENGTH, writeMac } from '../addr/mac.js';
import { LITTLE_ENDIAN } from './attributes.js';
import * as c from './constants.js';
import { IFADDRMSG_LENGTH, NDMSG_LENGTH, NETCONFMSG_LENGTH } from './decode.js';
import { IFINFOMSG_LENGTH } from './link.js';
import { BR_VLAN_MSG_LENGTH } from './port-vlans.js';
import { attribute, half, message, request, text, words } from './message.js';

/** The tables that can be dumped, by the name we call them. */
export type DumpTable = keyof typeof DUMPS;

/** What each dump asks for: message type, length of its header, family, and for links the filter (RTEXT_FILTER_*) that makes it lean. */
const DUMPS = {
  links: { type: c.RTM_GETLINK, body: IFINFOMSG_LENGTH, family: c.AF_UNSPEC, filter: c.RTEXT_FILTER_SKIP_STATS },
  bridgePorts: {
    type: c.RTM_GETLINK,
    body: IFINFOMSG_LENGTH,
    family: c.AF_BRIDGE,
    filter: c.RTEXT_FILTER_BRVLAN_COMPRESSED,
  },
  portVlans: { type: c.RTM_GETVLAN, body: BR_VLAN_MSG_LENGTH, family: c.AF_BRIDGE, filter: null },
  fdb: { type: c.RTM_GETNEIGH, body: NDMSG_LENGTH, family: c.AF_BRIDGE, filter: null },
  neighbours4: { type: c.RTM_GETNEIGH, body: NDMSG_LENGTH, family: c.AF_INET, filter: null },
  neighbours6: { type: c.RTM_GETNEIGH, body: NDMSG_LENGTH, family: c.AF_INET6, filter: null },
  addresses: { type: c.RTM_GETADDR, body: IFADDRMSG_LENGTH, family: c.AF_UNSPEC, filter: null },
  forwarding: { type: c.RTM_GETNETCONF, body: NETCONFMSG_LENGTH, family: c.AF_INET6, filter: null },
} as const;

/** The groups by which the kernel tells of changes to all that can be dumped. */
export const HOST_GROUPS: readonly number[] = [
  c.RTNLGRP_LINK,
  c.RTNLGRP_NEIGH,
  c.RTNLGRP_IPV4_IFADDR,
  c.RTNLGRP_IPV6_IFADDR,
  c.RTNLGRP_IPV6_NETCONF,
  c.RTNLGRP_BRVLAN,
];

/** The sequence number of requests that are no dumps; an answer to one of them is an error. */
export const CHANGE_SEQ = 0xffffffff;

/** A dump request. @param seq comes back in each message of the answer; not 0, which notifications have */
export function dumpRequest(table: DumpTable, seq: number): Uint8Array {
  const { type, body, family, filter } = DUMPS[table];
  const header = new Uint8Array(body);
  header[0] = family;
  const mask = filter === null ? [] : [attribute(c.IFLA_EXT_MASK, words(filter))];
  return message(type, c.NLM_F_REQUEST | c.NLM_F_DUMP, seq, header, ...mask);
}

/** `bridge vlan global show dev BRIDGE`: in which instance of spanning tree its VLANs are. EINVAL before Linux 5.15. */
export function vlanInstancesRequest(bridge: number, seq: number): Uint8Array {
  const header = new Uint8Array(BR_VLAN_MSG_LENGTH);
  header[0] = c.AF_BRIDGE;
  header.set(words(bridge), 4);
  const flags = attribute(c.BRIDGE_VLANDB_DUMP_FLAGS, words(c.BRIDGE_VLANDB_DUMPF_GLOBAL));
  return message(c.RTM_GETVLAN, c.NLM_F_REQUEST | c.NLM_F_DUMP, seq, header, flags);
}

/** Sequence numbers of `echoRequest`: an answer that is waited for, and one that ends a wait and says nothing. */
export const ECHO_SEQ = 0xfffffffe;
export const KNOCK_SEQ = 0xfffffffd;

/** The sequence number of requests for a slave, to see how it stands with its partner. */
export const PARTNER_SEQ = 0xfffffffc;

/** A request for nothing but an acknowledgement (NLMSG_NOOP), which takes no rights and none of the kernel's locks. */
export function echoRequest(seq = ECHO_SEQ): Uint8Array {
  return request(c.NLMSG_NOOP, 0, seq);
}

/**
 * `bridge fdb replace MAC dev PORT master dynamic`, or `static`: a row as learned, or as an administrator makes it. Needs
 * CAP_NET_ADMIN; the kernel answers only when it refuses. @param vlan null where the bridge knows no VLANs
 */
export function fdbReplaceRequest(port: number, mac: Mac, vlan: number | null, fixed: boolean): Uint8Array {
  const ndmsg = new Uint8Array(NDMSG_LENGTH);
  const view = new DataView(ndmsg.buffer);
  view.setUint8(0, c.AF_BRIDGE);
  view.setInt32(4, port, LITTLE_ENDIAN);
  view.setUint16(8, fixed ? c.NUD_NOARP : c.NUD_REACHABLE, LITTLE_ENDIAN);
  view.setUint8(10, c.NTF_MASTER);
  const flags = c.NLM_F_REQUEST | c.NLM_F_CREATE | c.NLM_F_REPLACE;
  const inVlan = vlan === null ? [] : [attribute(c.NDA_VLAN, half(vlan))];
  return message(c.RTM_NEWNEIGH, flags, CHANGE_SEQ, ndmsg, macAttribute(c.NDA_LLADDR, mac), ...inVlan);
}

/*
 * Requests about one dummy device, a device that throws away what it is given. Each has a struct ifinfomsg, which
 * link.ts shows; here as four words: family and type, ifindex, flags, which flags are meant.
 */
const ANY_FAMILY_AND_TYPE = 0;

/** `ip link add NAME type dummy`, with that MAC address. The kernel says EEXIST when there is a device of that name. */
export function addDummyRequest(name: string, address: Mac, seq: number): Uint8Array {
  const header = words(ANY_FAMILY_AND_TYPE, 0, 0, 0);
  const named = attribute(c.IFLA_IFNAME, text(name));
  const kind = Buffer.from('dummy'); // without a NUL, as ip sends it
  const info = attribute(c.IFLA_LINKINFO, attribute(c.IFLA_INFO_KIND, kind));
  const flags = c.NLM_F_CREATE | c.NLM_F_EXCL;
  return request(c.RTM_NEWLINK, flags, seq, header, macAttribute(c.IFLA_ADDRESS, address), named, info);
}

/** `ip link show NAME`. The answer is a `link` event. */
export function getLinkRequest(name: string, seq: number): Uint8Array {
  const header = words(ANY_FAMILY_AND_TYPE, 0, 0, 0);
  return request(c.RTM_GETLINK, 0, seq, header, attribute(c.IFLA_IFNAME, text(name)));
}

/**
 * `ip link show` of one device. The answer is a `link` event; the kernel says ENODEV when there is none.
 * @param flags whether an acknowledgement follows
 */
export function getLinkByIndexRequest(ifindex: number, seq: number, flags = c.NLM_F_REQUEST | c.NLM_F_ACK): Uint8Array {
  const mask = attribute(c.IFLA_EXT_MASK, words(c.RTEXT_FILTER_SKIP_STATS));
  return message(c.RTM_GETLINK, flags, seq, words(ANY_FAMILY_AND_TYPE, ifindex, 0, 0), mask);
}

/** `ip link set IFINDEX addrgenmode none`: no IPv6 address. EAFNOSUPPORT where the kernel has no IPv6. */
export function noIpv6AddressRequest(ifindex: number, seq: number): Uint8Array {
  const none = attribute(c.IFLA_INET6_ADDR_GEN_MODE, Uint8Array.of(c.IN6_ADDR_GEN_MODE_NONE));
  const afSpec = attribute(c.IFLA_AF_SPEC, attribute(c.AF_INET6, none));
  return request(c.RTM_NEWLINK, 0, seq, words(ANY_FAMILY_AND_TYPE, ifindex, 0, 0), afSpec);
}

/** `ip link set IFINDEX up arp off address ADDRESS mtu MTU`. */
export function setUpDummyRequest(ifindex: number, address: Mac, mtu: number, seq: number): Uint8Array {
  const flags = c.IFF_UP | c.IFF_NOARP;
  const header = words(ANY_FAMILY_AND_TYPE, ifindex, flags, flags);
  return request(
    c.RTM_NEWLINK,
    0,
    seq,
    header,
    macAttribute(c.IFLA_ADDRESS, address),
    attribute(c.IFLA_MTU, words(mtu)),
  );
}

/**
 * `ip link set BOND type bond active_slave SLAVE`. Needs CAP_NET_ADMIN; the kernel answers only when it refuses: EINVAL
 * where it does not hold the slave's link to be up, or the bond has no active slave now. One that is active already is
 * no error.
 */
export function activeSlaveRequest(bond: number, slave: number): Uint8Array {
  const data = attribute(c.IFLA_INFO_DATA, attribute(c.IFLA_BOND_ACTIVE_SLAVE, words(slave)));
  const info = attribute(c.IFLA_LINKINFO, attribute(c.IFLA_INFO_KIND, text('bond')), data);
  return message(c.RTM_NEWLINK, c.NLM_F_REQUEST, CHANGE_SEQ, words(ANY_FAMILY_AND_TYPE, bond, 0, 0), info);
}

/** `ip link del IFINDEX`. */
export function deleteLinkRequest(ifindex: number, seq: number): Uint8Array {
  return request(c.RTM_DELLINK, 0, seq, words(ANY_FAMILY_AND_TYPE, ifindex, 0, 0));
}

function macAttribute(type: number, mac: Mac): Uint8Array {
  const bytes = new Uint8Array(MAC_LENGTH);
  writeMac(mac, bytes);
  return attribute(type, bytes);
}
