import { type Ip, ipBytes, ipFromBytes, isIpv4 } from '../addr/ip.js';
import { BROADCAST_MAC, type Mac, macFromBytes, writeMac, ZERO_MAC } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { encodeEthernet, type Tag } from './ethernet.js';

/*
 * The packet of ARP (RFC 826) and RARP (RFC 903) over Ethernet and IPv4, network order:
 *
 *    0       2       4      5      6       8          14         18         24         28
 *    +-------+-------+------+------+-------+----------+----------+----------+----------+
 *    | hrd=1 | 0x0800| hln=6| pln=4| op    | sender   | sender   | target   | target   |
 *    |       |       |      |      |       | hardware | protocol | hardware | protocol |
 *    +-------+-------+------+------+-------+----------+----------+----------+----------+
 */
const PACKET_LENGTH = 28;

/** The address of a station that has none yet. */
export const NO_IPV4 = '0.0.0.0' as Ip;

/** The values of an ARP or RARP packet. */
interface ArpPacket {
  readonly operation: number;
  readonly sender: Mac;
  readonly senderIp: Ip;
  readonly target: Mac;
  readonly targetIp: Ip;
}

/** A packet to all, in a frame from its sender with these VLAN tags, the outermost first. */
function encodeBroadcast(etherType: number, tags: readonly Tag[], packet: ArpPacket): Uint8Array {
  const payload = encodeArpPacket(packet);
  return encodeEthernet({ destination: BROADCAST_MAC, source: packet.sender, tags, etherType, payload });
}

/** The payload of an ARP or RARP frame. */
export function encodeArpPacket({ operation, sender, senderIp, target, targetIp }: ArpPacket): Uint8Array {
  const payload = new Uint8Array(PACKET_LENGTH);
  const view = new DataView(payload.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint16(4, 0x0604);
  view.setUint16(6, operation);
  writeMac(sender, payload, 8);
  payload.set(ipBytes(senderIp), 14);
  writeMac(target, payload, 18);
  payload.set(ipBytes(targetIp), 24);
  return payload;
}

/** The payload of an ARP or RARP frame. @throws FrameError when it is not for Ethernet and IPv4, or ends too early */
export function decodeArpPacket(payload: Uint8Array): ArpPacket {
  if (payload.length < PACKET_LENGTH) throw new FrameError(`ARP packet of ${payload.length} bytes is too short`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (view.getUint16(0) !== 1 || view.getUint16(2) !== 0x0800 || view.getUint16(4) !== 0x0604)
    throw new FrameError('ARP for addresses other than Ethernet and IPv4');
  return {
    operation: view.getUint16(6),
    sender: macFromBytes(payload, 8),
    senderIp: ipFromBytes(payload, 14, 4) ?? NO_IPV4,
    target: macFromBytes(payload, 18),
    targetIp: ipFromBytes(payload, 24, 4) ?? NO_IPV4,
  };
}

/** ARP (RFC 826): who has an IPv4 address, and who answers. */
export const ETH_P_ARP = 0x0806;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/**
 * The gratuitous ARP by which `mac` says that it has `ip`: a broadcast request about itself, as Linux sends it
 * (net/ipv4/devinet.c:inetdev_send_gratuitous_arp). RFC 5227 section 3 explains why a request and not a reply.
 * @param operation ARP_REPLY for the other form (RFC 5944 section 4.6); its target is the sender too, else Linux takes it for
 *   an answer, of which only one a second counts (net/ipv4/arp.c:arp_is_garp)
 * @throws FrameError when `ip` is no IPv4 address
 */
export function encodeGratuitousArp(mac: Mac, ip: Ip, tags: readonly Tag[], operation = ARP_REQUEST): Uint8Array {
  if (!isIpv4(ip)) throw new FrameError(`${ip} is not an IPv4 address`);
  const target = operation === ARP_REPLY ? mac : ZERO_MAC;
  return encodeBroadcast(ETH_P_ARP, tags, { operation, sender: mac, senderIp: ip, target, targetIp: ip });
}

/** As `decodeArpPacket`, of ARP. @throws FrameError also when it is neither a request nor a reply */
export function decodeArp(payload: Uint8Array): ArpPacket {
  const packet = decodeArpPacket(payload);
  if (packet.operation !== ARP_REQUEST && packet.operation !== ARP_REPLY)
    throw new FrameError(`ARP operation ${packet.operation} is neither request nor reply`);
  return packet;
}

/** RARP (RFC 903), in the packet format of ARP. */
export const ETH_P_RARP = 0x8035;
const RARP_REQUEST = 3;

/**
 * The frame that tells every switch where `mac` is: a broadcast RARP request from and about itself, its protocol
 * addresses 0. Up to the padding it is what Open vSwitch (lib/packets.c:compose_rarp) and QEMU (net/announce.c)
 * send; no station answers it, and none changes an ARP entry for it.
 */
export function encodeRarp(mac: Mac, tags: readonly Tag[]): Uint8Array {
  const packet = { operation: RARP_REQUEST, sender: mac, senderIp: NO_IPV4, target: mac, targetIp: NO_IPV4 };
  return encodeBroadcast(ETH_P_RARP, tags, packet);
}
