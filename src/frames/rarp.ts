import { BROADCAST_MAC, type Mac } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { decodeArpPacket, encodeArpPacket, NO_IPV4 } from './arp-packet.js';
import { decodeEthernet, encodeEthernet, type Tag } from './ethernet.js';

/** RARP (RFC 903), in the packet format of ARP. */
export const ETH_P_RARP = 0x8035;
const OP_REQUEST_REVERSE = 3;

/** The values of a RARP packet that say who it is about. */
export interface Rarp {
  readonly operation: number;
  readonly sender: Mac;
  readonly target: Mac;
  readonly tags: readonly Tag[];
}

/**
 * The frame that tells every switch where `mac` is: a broadcast RARP request from and about itself, its protocol
 * addresses 0. Up to the padding it is what Open vSwitch (lib/packets.c:compose_rarp) and QEMU (net/announce.c)
 * send; no station answers it, and none changes an ARP entry for it.
 * @param tags the VLAN tags it leaves with, the outermost first
 */
export function encodeRarp(mac: Mac, tags: readonly Tag[]): Uint8Array {
  const payload = encodeArpPacket({
    operation: OP_REQUEST_REVERSE,
    sender: mac,
    senderIp: NO_IPV4,
    target: mac,
    targetIp: NO_IPV4,
  });
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags, etherType: ETH_P_RARP, payload });
}

/**
 * Reads a RARP frame.
 * @throws FrameError when the bytes are no RARP over Ethernet and IPv4, or end too early
 */
export function decodeRarp(bytes: Uint8Array): Rarp {
  const { etherType, payload, tags } = decodeEthernet(bytes);
  if (etherType !== ETH_P_RARP) throw new FrameError(`EtherType 0x${etherType.toString(16)} is not RARP`);
  const { operation, sender, target } = decodeArpPacket(payload);
  return { operation, sender, target, tags };
}
