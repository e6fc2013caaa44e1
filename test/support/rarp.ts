import type { Mac } from '../../src/addr/mac.js';
import { FrameError } from '../../src/errors.js';
import { decodeArpPacket, ETH_P_RARP } from '../../src/frames/arp.js';
import { decodeEthernet, type Tag } from '../../src/frames/ethernet.js';

/** The values of a RARP packet that say who it is about. */
interface Rarp {
  readonly operation: number;
  readonly sender: Mac;
  readonly target: Mac;
  readonly tags: readonly Tag[];
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
