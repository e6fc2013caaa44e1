import { type Ip, isMulticastIp, isStationIp } from '../addr/ip.js';
import { type Mac, ZERO_MAC } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import {
  ARP_REPLY,
  ARP_REQUEST,
  decodeArp,
  decodeArpPacket,
  encodeGratuitousArp,
  encodeRarp,
  ETH_P_ARP,
  ETH_P_RARP,
  NO_IPV4,
} from '../frames/arp.js';
import { decodeEthernet, type EthernetFrame, type Tag } from '../frames/ethernet.js';
import { decodeIpv6, ETH_P_IPV6 } from '../frames/ipv6.js';
import { encodeUnsolicitedNa, decodeNd, type NdMessage } from '../frames/nd.js';

/** What a frame is; closed set: JSON has it. */
type SeenKind = 'rarp' | 'garp' | 'arp-request' | 'arp-reply' | 'arp-probe' | 'rs' | 'ra' | 'ns' | 'na' | 'malformed';

/** What a frame says. */
export interface SeenFrame {
  readonly kind: SeenKind;
  /** The source address of the frame. */
  readonly mac: Mac;
  readonly destination: Mac;
  /** Outermost first. */
  readonly tags: readonly Tag[];
  /** The address that it claims or comes from; null where it tells none. */
  readonly address: Ip | null;
  /** Whom it asks for, or an answer is for. */
  readonly target: Ip | null;
  /** The hardware address that it tells for `address`, or RARP is about; null for none. */
  readonly hardware: Mac | null;
  /** Of a Neighbor Advertisement. */
  readonly flags: readonly ('router' | 'override')[];
  /** What is wrong with it. */
  readonly problem: string | null;
}

type Content = Omit<SeenFrame, 'mac' | 'destination' | 'tags'>;

const NOTHING = { address: null, target: null, hardware: null, flags: [], problem: null } as const;

/**
 * Reads a frame. Checksums are not verified: those of frames that leave may be left to hardware.
 * @returns null when it is neither ARP nor RARP nor Neighbor Discovery, or its header is cut off
 */
export function readSeen(bytes: Uint8Array): SeenFrame | null {
  let frame: EthernetFrame | null = null;
  try {
    frame = decodeEthernet(bytes);
    return seenAs(frame, read(frame));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return frame && seenAs(frame, { ...NOTHING, kind: 'malformed', problem: error.message });
  }
}

const seenAs = ({ source, destination, tags }: EthernetFrame, content: Content | null): SeenFrame | null =>
  content && { mac: source, destination, tags, ...content };

function read({ etherType, payload }: EthernetFrame): Content | null {
  switch (etherType) {
    case ETH_P_ARP:
      return readArp(payload);
    case ETH_P_RARP:
      return { ...NOTHING, kind: 'rarp', hardware: decodeArpPacket(payload).target };
    case ETH_P_IPV6: {
      const message = decodeNd(decodeIpv6(payload), false);
      return message && readNd(message);
    }
    default:
      return null;
  }
}

/** RFC 5227 names probes and announcements, sections 1.1 and 3. */
function readArp(payload: Uint8Array): Content {
  const { operation, sender, senderIp, targetIp } = decodeArp(payload);
  const content = { ...NOTHING, address: senderIp === NO_IPV4 ? null : senderIp, hardware: sender };
  if (senderIp === targetIp) return { ...content, kind: 'garp' };
  if (operation === ARP_REPLY) return { ...content, kind: 'arp-reply', target: targetIp };
  return { ...content, kind: senderIp === NO_IPV4 ? 'arp-probe' : 'arp-request', target: targetIp };
}

function readNd(message: NdMessage): Content {
  const content = { ...NOTHING, kind: message.type, hardware: message.linkLayer };
  const source = isStationIp(message.source) ? message.source : null;
  if (message.type === 'ns') return { ...content, address: source, target: message.target };
  if (message.type !== 'na') return { ...content, address: source };
  const { destination, router, override } = message;
  const flags = [...(router ? (['router'] as const) : []), ...(override ? (['override'] as const) : [])];
  return { ...content, address: message.target, target: isMulticastIp(destination) ? null : destination, flags };
}

/** Whether a frame is byte for byte what we send about its source; others send such frames as well. */
export function hasOurForm(bytes: Uint8Array, { kind, mac, tags, address, flags }: SeenFrame): boolean {
  const ours = ourFrames(kind, mac, tags, address, flags.includes('router'));
  return ours.some((frame) => Buffer.compare(frame, bytes) === 0);
}

function ourFrames(kind: SeenKind, mac: Mac, tags: readonly Tag[], ip: Ip | null, router: boolean): Uint8Array[] {
  if (kind === 'rarp' && mac !== ZERO_MAC) return [encodeRarp(mac, tags)];
  if (ip === null || !isStationIp(ip)) return [];
  if (kind === 'garp')
    return [ARP_REQUEST, ARP_REPLY].map((operation) => encodeGratuitousArp(mac, ip, tags, operation));
  return kind === 'na' ? [encodeUnsolicitedNa(mac, ip, router, tags)] : [];
}
