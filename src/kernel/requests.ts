import { type Mac, MAC_LENGTH, writeMac } from '../addr/mac.js';
import { LITTLE_ENDIAN } from './attributes.js';
import * as c from './constants.js';
import { attribute, half, message, request, words } from './message.js';

/** The tables that can be dumped, by the name we call them. */
export type DumpTable = keyof typeof DUMPS;

const IFINFOMSG_LENGTH = 16;
const NDMSG_LENGTH = 12;
const IFADDRMSG_LENGTH = 8;
/** struct netconfmsg is one byte, the family; attributes begin at the next multiple of 4. */
const NETCONFMSG_LENGTH = 4;

/** What each dump asks for: message type, length of its header, family, and for links the filter (RTEXT_FILTER_*) that makes it lean. */
const DUMPS = {
  links: { type: c.RTM_GETLINK, body: IFINFOMSG_LENGTH, family: c.AF_UNSPEC, filter: c.RTEXT_FILTER_SKIP_STATS },
  bridgePorts: {
    type: c.RTM_GETLINK,
    body: IFINFOMSG_LENGTH,
    family: c.AF_BRIDGE,
    filter: c.RTEXT_FILTER_BRVLAN_COMPRESSED,
  },
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
];

/** The sequence number of requests that are no dumps; an answer to one of them is an error. */
export const CHANGE_SEQ = 0xffffffff;

/**
 * A dump request, ready to be sent to the kernel.
 * @param seq comes back in each message of the answer; not 0, which the kernel uses for notifications
 */
export function dumpRequest(table: DumpTable, seq: number): Uint8Array {
  const { type, body, family, filter } = DUMPS[table];
  const header = new Uint8Array(body);
  header[0] = family;
  const mask = filter === null ? [] : [attribute(c.IFLA_EXT_MASK, words(filter))];
  return message(type, c.NLM_F_REQUEST | c.NLM_F_DUMP, seq, header, ...mask);
}

/** Sequence numbers of `echoRequest`: an answer that is waited for, and one that ends a wait and says nothing. */
export const ECHO_SEQ = 0xfffffffe;
export const KNOCK_SEQ = 0xfffffffd;

/**
 * A request for nothing but an answer (NLMSG_NOOP with NLM_F_ACK): error 0, from the kernel's end of the socket. Takes no
 * rights and none of the kernel's locks.
 */
export function echoRequest(seq = ECHO_SEQ): Uint8Array {
  return request(c.NLMSG_NOOP, 0, seq);
}

/**
 * A request that puts a row into a bridge's forwarding database, as learned: `bridge fdb replace MAC dev PORT master
 * dynamic`. Needs CAP_NET_ADMIN; the kernel answers only when it refuses.
 * @param port the bridge's port that leads to the MAC
 * @param vlan null where the bridge knows no VLANs
 */
export function fdbReplaceRequest(port: number, mac: Mac, vlan: number | null): Uint8Array {
  const ndmsg = new Uint8Array(NDMSG_LENGTH);
  const view = new DataView(ndmsg.buffer);
  view.setUint8(0, c.AF_BRIDGE);
  view.setInt32(4, port, LITTLE_ENDIAN);
  view.setUint16(8, c.NUD_REACHABLE, LITTLE_ENDIAN);
  view.setUint8(10, c.NTF_MASTER);
  const address = new Uint8Array(MAC_LENGTH);
  writeMac(mac, address);
  const flags = c.NLM_F_REQUEST | c.NLM_F_CREATE | c.NLM_F_REPLACE;
  const inVlan = vlan === null ? [] : [attribute(c.NDA_VLAN, half(vlan))];
  return message(c.RTM_NEWNEIGH, flags, CHANGE_SEQ, ndmsg, attribute(c.NDA_LLADDR, address), ...inVlan);
}
