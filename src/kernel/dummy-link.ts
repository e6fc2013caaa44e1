import { type Mac, MAC_LENGTH, writeMac } from '../addr/mac.js';
import * as c from './constants.js';
import { attribute, request, text, words } from './message.js';

/*
 * Requests about one dummy device, a device that throws away what it is given. Each has a struct ifinfomsg, which
 * link.ts shows; here as four words: family and type, ifindex, flags, which flags are meant.
 */
const ANY_FAMILY_AND_TYPE = 0;

/** As ip sends it, without a NUL. */
const KIND = new TextEncoder().encode('dummy');

/** `ip link add NAME type dummy`, with that MAC address. The kernel says EEXIST when there is a device of that name. */
export function addDummyRequest(name: string, address: Mac, seq: number): Uint8Array {
  return request(
    c.RTM_NEWLINK,
    c.NLM_F_CREATE | c.NLM_F_EXCL,
    seq,
    words(ANY_FAMILY_AND_TYPE, 0, 0, 0),
    macAddress(address),
    attribute(c.IFLA_IFNAME, text(name)),
    attribute(c.IFLA_LINKINFO, attribute(c.IFLA_INFO_KIND, KIND)),
  );
}

/** `ip link show NAME`. The answer is a `link` event. */
export function getLinkRequest(name: string, seq: number): Uint8Array {
  const header = words(ANY_FAMILY_AND_TYPE, 0, 0, 0);
  return request(c.RTM_GETLINK, 0, seq, header, attribute(c.IFLA_IFNAME, text(name)));
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
  return request(c.RTM_NEWLINK, 0, seq, header, macAddress(address), attribute(c.IFLA_MTU, words(mtu)));
}

/** `ip link del IFINDEX`. */
export function deleteLinkRequest(ifindex: number, seq: number): Uint8Array {
  return request(c.RTM_DELLINK, 0, seq, words(ANY_FAMILY_AND_TYPE, ifindex, 0, 0));
}

function macAddress(address: Mac): Uint8Array {
  const bytes = new Uint8Array(MAC_LENGTH);
  writeMac(address, bytes, 0);
  return attribute(c.IFLA_ADDRESS, bytes);
}
