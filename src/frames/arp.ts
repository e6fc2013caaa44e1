import { type Ip, isIpv4 } from '../addr/ip.js';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { type ArpPacket, decodeArpPacket, encodeArpPacket } from './arp-packet.js';
import { encodeEthernet, type Tag } from './ethernet.js';

/** ARP (RFC 826): who has an IPv4 address, and who answers. */
export const ETH_P_ARP = 0x0806;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/**
 * The gratuitous ARP by which `mac` says that it has `ip`: a broadcast request about itself, as Linux sends it
 * (net/ipv4/devinet.c:inetdev_send_gratuitous_arp). RFC 5227 section 3 explains why a request and not a reply.
 * @param tags the VLAN tags it leaves with, the outermost first
 * @throws FrameError when `ip` is no IPv4 address
 */
export function encodeGratuitousArp(mac: Mac, ip: Ip, tags: readonly Tag[]): Uint8Array {
  if (!isIpv4(ip)) throw new FrameError(`${ip} is no address for ARP`);
  const payload = encodeArpPacket({
    operation: ARP_REQUEST,
    sender: mac,
    senderIp: ip,
    target: ZERO_MAC,
    targetIp: ip,
  });
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags, etherType: ETH_P_ARP, payload });
}

/**
 * Reads the payload of an ARP frame.
 * @throws FrameError when it is neither a request nor a reply, is not for Ethernet and IPv4, or ends too early
 */
export function decodeArp(payload: Uint8Array): ArpPacket {
  const packet = decodeArpPacket(payload);
  if (packet.operation !== ARP_REQUEST && packet.operation !== ARP_REPLY)
    throw new FrameError(`ARP operation ${packet.operation} is neither request nor reply`);
  return packet;
}
