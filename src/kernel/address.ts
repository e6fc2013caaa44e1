import { ipFromBytes } from '../addr/ip.js';
import { pick, type Span } from './attributes.js';
import * as c from './constants.js';
import type { AddressEvent, ForwardingEvent } from './events.js';

/*
 * struct ifaddrmsg (linux/if_addr.h):
 *
 *    0        1            2       3       4         8
 *    +--------+------------+-------+-------+---------+------------
 *    | family | prefix len | flags | scope | ifindex | attributes
 *    +--------+------------+-------+-------+---------+------------
 *    IFA_FLAGS, where it comes, has all the flags; the byte has no room for those that came later.
 */
const IFADDRMSG_LENGTH = 8;

/** struct netconfmsg (linux/netconf.h): the family, padded to 4. */
const NETCONFMSG_LENGTH = 4;

/** What stands for settings that are no device's. */
const NO_DEVICES = new Set([0, c.NETCONFA_IFINDEX_ALL, c.NETCONFA_IFINDEX_DEFAULT]);

const UNUSABLE = c.IFA_F_TENTATIVE | c.IFA_F_OPTIMISTIC | c.IFA_F_DADFAILED;

/**
 * Decodes the body of an RTM_NEWADDR or RTM_DELADDR message. On a point-to-point device IFA_ADDRESS is the peer's
 * address and IFA_LOCAL ours (net/ipv4/devinet.c:inet_fill_ifaddr); IPv6 sends IFA_LOCAL only there.
 * @returns null for a family that is not IP
 * @throws NetlinkDecodeError
 */
export function decodeAddress(body: Span, gone: boolean): AddressEvent | null {
  const family = body.u8(0);
  if (family !== c.AF_INET && family !== c.AF_INET6) return null;
  const ifindex = body.u32(4);
  const [longFlags, local, peer] = pick(body.from(IFADDRMSG_LENGTH), [c.IFA_FLAGS, c.IFA_LOCAL, c.IFA_ADDRESS]);
  const flags = longFlags?.u32() ?? body.u8(2);
  const own = local ?? peer;
  const address = own && ipFromBytes(own.bytes, 0, own.length);
  return address ? { type: 'address', gone, ifindex, address, usable: (flags & UNUSABLE) === 0 } : null;
}

/**
 * Decodes the body of an RTM_NEWNETCONF message of family AF_INET6.
 * @returns null when it does not speak of forwarding, or of no device
 * @throws NetlinkDecodeError
 */
export function decodeForwarding(body: Span): ForwardingEvent | null {
  if (body.u8(0) !== c.AF_INET6) return null;
  const [device, value] = pick(body.from(NETCONFMSG_LENGTH), [c.NETCONFA_IFINDEX, c.NETCONFA_FORWARDING]);
  const ifindex = device?.i32() ?? 0;
  const forwarding = value?.i32();
  return forwarding !== undefined && !NO_DEVICES.has(ifindex)
    ? { type: 'forwarding', ifindex, forwarding: forwarding > 0 }
    : null;
}
