import { type Ip, ipBytes, ipFromBytes } from '../addr/ip.js';
import { type Mac, MAC_LENGTH, macFromBytes, writeMac } from '../addr/mac.js';
import { FrameError } from '../errors.js';

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
export interface ArpPacket {
  readonly operation: number;
  readonly sender: Mac;
  readonly senderIp: Ip;
  readonly target: Mac;
  readonly targetIp: Ip;
}

export function encodeArpPacket({ operation, sender, senderIp, target, targetIp }: ArpPacket): Uint8Array {
  const payload = new Uint8Array(PACKET_LENGTH);
  const view = new DataView(payload.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint8(4, MAC_LENGTH);
  view.setUint8(5, 4);
  view.setUint16(6, operation);
  writeMac(sender, payload, 8);
  payload.set(ipBytes(senderIp), 14);
  writeMac(target, payload, 18);
  payload.set(ipBytes(targetIp), 24);
  return payload;
}

/**
 * Reads the payload of an ARP or RARP frame.
 * @throws FrameError when it is for other addresses than Ethernet and IPv4, or ends too early
 */
export function decodeArpPacket(payload: Uint8Array): ArpPacket {
  if (payload.length < PACKET_LENGTH) throw new FrameError(`${payload.length} bytes are too few for ARP`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (view.getUint16(0) !== 1 || view.getUint16(2) !== 0x0800 || view.getUint16(4) !== 0x0604)
    throw new FrameError('ARP for other addresses than Ethernet and IPv4');
  return {
    operation: view.getUint16(6),
    sender: macFromBytes(payload, 8),
    senderIp: ipFromBytes(payload, 14, 4) ?? NO_IPV4,
    target: macFromBytes(payload, 18),
    targetIp: ipFromBytes(payload, 24, 4) ?? NO_IPV4,
  };
}
