import { type Ip, ipBytes, isIpv4, isStationIp } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { encodeEthernet, type Tag } from './ethernet.js';
import { encodeIpv6, ETH_P_IPV6, upperLayerChecksum } from './ipv6.js';
import * as nd from './nd.js';
import { LINK_LAYER_OPTION_LENGTH, TARGET_LINK_LAYER, writeLinkLayerOption } from './nd-options.js';

const ALL_NODES = 'ff02::1' as Ip;
/** Where IPv6 multicast for ff02::1 goes (RFC 2464 section 7). */
const ALL_NODES_MAC = '33:33:00:00:00:01' as Mac;

/**
 * The unsolicited Neighbor Advertisement by which `mac` says that it has `ip` (RFC 4861 sections 4.4 and 7.2.6):
 * to all nodes, from the address itself, Override set, Solicited clear, with the target's link-layer address.
 * @param router the guest's own Router flag: an NA that wrongly clears it makes hosts drop their default router
 *   (section 7.2.5)
 * @param tags the VLAN tags it leaves with, the outermost first
 * @throws FrameError when `ip` is no IPv6 address of a station
 */
export function encodeUnsolicitedNa(mac: Mac, ip: Ip, router: boolean, tags: readonly Tag[]): Uint8Array {
  if (isIpv4(ip) || !isStationIp(ip)) throw new FrameError(`${ip} is not the IPv6 address of a station`);
  const message = new Uint8Array(nd.NA_LENGTH + LINK_LAYER_OPTION_LENGTH);
  message[0] = nd.NA_TYPE;
  message[4] = nd.OVERRIDE_FLAG | (router ? nd.ROUTER_FLAG : 0);
  message.set(ipBytes(ip), 8);
  writeLinkLayerOption(TARGET_LINK_LAYER, mac, message, nd.NA_LENGTH);
  const packet = { source: ip, destination: ALL_NODES, nextHeader: nd.NEXT_HEADER_ICMPV6, payload: message };
  new DataView(message.buffer).setUint16(2, upperLayerChecksum(packet));
  const payload = encodeIpv6({ ...packet, hopLimit: nd.ND_HOP_LIMIT });
  return encodeEthernet({ destination: ALL_NODES_MAC, source: mac, tags, etherType: ETH_P_IPV6, payload });
}
