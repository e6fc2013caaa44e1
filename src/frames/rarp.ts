import { BROADCAST_MAC, type Mac, MAC_LENGTH, macFromBytes, writeMac } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { decodeEthernet, encodeEthernet, type VlanTag } from './ethernet.js';

/*
 * RARP (RFC 903) in the packet format of ARP (RFC 826), network order:
 *
 *    0       2       4      5      6       8          14         18         24         28
 *    +-------+-------+------+------+-------+----------+----------+----------+----------+
 *    | hrd=1 | 0x0800| hln=6| pln=4| op    | sender   | sender   | target   | target   |
 *    |       |       |      |      |       | hardware | protocol | hardware | protocol |
 *    +-------+-------+------+------+-------+----------+----------+----------+----------+
 */
export const ETH_P_RARP = 0x8035;
const RARP_LENGTH = 28;
const OP_REQUEST_REVERSE = 3;

/** The values of a RARP packet that say who it is about. */
export interface Rarp {
  readonly operation: number;
  readonly sender: Mac;
  readonly target: Mac;
  readonly tags: readonly VlanTag[];
}

/**
 * The frame that tells every switch where `mac` is: a broadcast RARP request from and about itself, its protocol
 * addresses 0. Up to the padding it is what Open vSwitch (lib/packets.c:compose_rarp) and QEMU (net/announce.c)
 * send; no station answers it, and none changes an ARP entry for it.
 * @param tags the VLAN tags it leaves with, the outermost first
 */
export function encodeRarp(mac: Mac, tags: readonly VlanTag[]): Uint8Array {
  const payload = new Uint8Array(RARP_LENGTH);
  const view = new DataView(payload.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint8(4, MAC_LENGTH);
  view.setUint8(5, 4);
  view.setUint16(6, OP_REQUEST_REVERSE);
  writeMac(mac, payload, 8);
  writeMac(mac, payload, 18);
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags, etherType: ETH_P_RARP, payload });
}

/**
 * Reads a RARP frame.
 * @throws FrameError when the bytes are no RARP over Ethernet and IPv4, or end too early
 */
export function decodeRarp(bytes: Uint8Array): Rarp {
  const { etherType, payload, tags } = decodeEthernet(bytes);
  if (etherType !== ETH_P_RARP) throw new FrameError(`EtherType 0x${etherType.toString(16)} is not RARP`);
  if (payload.length < RARP_LENGTH) throw new FrameError(`${payload.length} bytes are too few for RARP`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (view.getUint16(0) !== 1 || view.getUint16(2) !== 0x0800 || view.getUint16(4) !== 0x0604)
    throw new FrameError('RARP for other addresses than Ethernet and IPv4');
  return {
    operation: view.getUint16(6),
    sender: macFromBytes(payload, 8),
    target: macFromBytes(payload, 18),
    tags,
  };
}
