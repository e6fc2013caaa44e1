import { ipFromBytes, type Ip } from '../addr/ip.js';
import { type Mac, ZERO_MAC } from '../addr/mac.js';
import { encodeArpPacket, ETH_P_ARP, NO_IPV4 } from './arp.js';
import { DHCP_SERVER_PORT, PROTOCOL_UDP } from './dhcp.js';
import { encodeEthernet } from './ethernet.js';
import { ETH_P_IP } from './ipv4.js';
import { ETH_P_IPV6 } from './ipv6.js';
import { NEXT_HEADER_ICMPV6, NS_TYPE } from './nd.js';

/** The nearest bridge: no bridge forwards what is sent there (IEEE 802.1Q section 8.6.3). */
const NEAREST_BRIDGE = '01:80:c2:00:00:0e' as Mac;

/** OP_EXP1 (RFC 5494 section 3), for experiments: no station answers it. */
export const ECHO_OPERATION = 24;

/** Tells our experiment from those of others: "bond" in ASCII. */
export const ECHO_SENDER_IP = 0x626f6e64;

/**
 * The frame by which a tc mirror is tried: sent by the bond, it is to come out of the mirror and nowhere else. Where the
 * mirror is passed over it leaves, and dies at the next switch, which neither forwards it nor learns its source: that is
 * no address of a station.
 */
export function encodeMirrorEcho(): Uint8Array {
  const senderIp = ipFromBytes(new Uint8Array(Uint32Array.of(ECHO_SENDER_IP).buffer).reverse(), 0, 4) as Ip;
  const packet = { operation: ECHO_OPERATION, sender: ZERO_MAC, senderIp, target: ZERO_MAC, targetIp: NO_IPV4 };
  return toNearestBridge(ETH_P_ARP, encodeArpPacket(packet));
}

/** The same of other protocols that are listened to: as much of a DHCP and of an ND message as filters ask for. */
export function encodeOtherEchoes(): Uint8Array[] {
  const dhcp = new Uint8Array(28);
  dhcp.set([0x45, 0, 0, dhcp.length]);
  dhcp[9] = PROTOCOL_UDP;
  dhcp[23] = DHCP_SERVER_PORT;
  const solicitation = new Uint8Array(64);
  solicitation.set([0x60, 0, 0, 0, 0, 24, NEXT_HEADER_ICMPV6, 255]);
  solicitation[40] = NS_TYPE;
  return [toNearestBridge(ETH_P_IP, dhcp), toNearestBridge(ETH_P_IPV6, solicitation)];
}

function toNearestBridge(etherType: number, payload: Uint8Array): Uint8Array {
  return encodeEthernet({ destination: NEAREST_BRIDGE, source: ZERO_MAC, tags: [], etherType, payload });
}
