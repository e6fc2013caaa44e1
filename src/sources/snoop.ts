import { type Ip, isStationIp } from '../addr/ip.js';
import { isGroupMac, type Mac, ZERO_MAC } from '../addr/mac.js';
import { decodeEthernet, type EthernetFrame, type Tag } from '../frames/ethernet.js';
import { FrameError } from '../errors.js';
import { decodeArp, decodeArpPacket, ETH_P_ARP, ETH_P_RARP } from '../frames/arp.js';
import { decodeDhcp, decodeUdp, DHCP, DHCP_SERVER_PORT, ETH_P_IP } from '../frames/dhcp.js';
import { decodeIpv6, ETH_P_IPV6 } from '../frames/ipv6.js';
import { decodeNd } from '../frames/nd.js';

/** Which way a frame passed the bond: `out` to the network, after every filter of the host; `in` from it. */
export type Direction = 'out' | 'in';

/** What one frame says of the station that sent it. */
export interface Heard {
  readonly mac: Mac;
  /** As on the wire beyond the bond, the outermost first; without priority tags (VLAN 0), which name no VLAN. */
  readonly tags: readonly Tag[];
  readonly direction: Direction;
  /** The addresses that the station claims as its own with this frame. */
  readonly claims: readonly Ip[];
  /** The addresses that it gives up. */
  readonly releases: readonly Ip[];
  /** Whether it says to be a router; null when the frame says nothing of that. */
  readonly router: boolean | null;
  /** Whether the frame is a Router Advertisement. */
  readonly raSent: boolean;
  /** Whether the frame is a Router Solicitation, which only hosts send. */
  readonly rsSent: boolean;
  /** Whether the frame is ARP: inspection in switches counts those. */
  readonly arp: boolean;
}

/** Why a frame says nothing. Closed set: it is a label of metrics. */
export type HeardIgnoreReason = 'not-of-interest' | 'malformed' | 'group-source' | 'zero-source';

/** What a frame says beyond who sent it. */
type Says = Omit<Heard, 'mac' | 'tags' | 'direction'>;

const NOTHING: Says = { claims: [], releases: [], router: null, raSent: false, rsSent: false, arp: false };

/**
 * What a frame says of the station that sent it. Other stations believe a claim of an address for the link-layer
 * address in it; so one counts only where that is the address of the frame's sender. Probes (RFC 5227 section 2.1.1,
 * RFC 4862 section 5.4) and advertisements without Override (anycast, proxies: RFC 4861 section 7.2.8) claim nothing.
 * @param checksumReady false when the frame was on its way to hardware that fills the checksum in
 */
export function readFrame(bytes: Uint8Array, direction: Direction, checksumReady = true): Heard | HeardIgnoreReason {
  try {
    const frame = decodeEthernet(bytes);
    if (isGroupMac(frame.source)) return 'group-source';
    if (frame.source === ZERO_MAC) return 'zero-source';
    const says = read(frame, checksumReady);
    if (!says) return 'not-of-interest';
    return { mac: frame.source, tags: frame.tags.filter(({ vid }) => vid !== 0), direction, ...says };
  } catch (error) {
    if (error instanceof FrameError) return 'malformed';
    throw error;
  }
}

function read({ etherType, payload, source }: EthernetFrame, checksumReady: boolean): Says | null {
  switch (etherType) {
    case ETH_P_ARP:
      return readArp(payload, source);
    case ETH_P_RARP:
      decodeArpPacket(payload);
      return NOTHING;
    case ETH_P_IPV6:
      return readNd(payload, source, checksumReady);
    case ETH_P_IP:
      return readDhcp(payload, source);
    default:
      return null;
  }
}

function readArp(payload: Uint8Array, source: Mac): Says {
  const { sender, senderIp } = decodeArp(payload);
  return { ...NOTHING, claims: sender === source ? stationsOnly(senderIp) : [], arp: true };
}

function readNd(payload: Uint8Array, source: Mac, checksumReady: boolean): Says | null {
  const message = decodeNd(decodeIpv6(payload), checksumReady);
  if (!message) return null;
  const own = message.linkLayer === source;
  switch (message.type) {
    case 'rs':
      return { ...NOTHING, claims: own ? stationsOnly(message.source) : [], router: false, rsSent: true };
    case 'ra':
      return { ...NOTHING, claims: own ? stationsOnly(message.source) : [], router: true, raSent: true };
    case 'ns':
      return { ...NOTHING, claims: own ? stationsOnly(message.source) : [] };
    case 'na': {
      const aboutOther = message.linkLayer !== null && !own;
      const claims = own && message.override ? stationsOnly(message.target) : [];
      return { ...NOTHING, claims, router: aboutOther ? null : message.router };
    }
  }
}

/**
 * A client that asks for more time, or for other settings, fills in the address that it has (RFC 2131 table 5); its
 * packet must then come from there, or a filter for addresses in IP headers has not seen the claim.
 */
function readDhcp(payload: Uint8Array, source: Mac): Says | null {
  const datagram = decodeUdp(payload);
  if (datagram?.destinationPort !== DHCP_SERVER_PORT) return null;
  const message = decodeDhcp(datagram.payload);
  if (!message || message.relayed || message.client !== source) return NOTHING;
  const { type, clientIp, requestedIp } = message;
  const claiming = type === DHCP.request || type === DHCP.inform;
  if (claiming) return { ...NOTHING, claims: clientIp === datagram.source ? stationsOnly(clientIp) : [] };
  if (type === DHCP.release) return { ...NOTHING, releases: stationsOnly(clientIp) };
  if (type === DHCP.decline) return { ...NOTHING, releases: stationsOnly(requestedIp) };
  return NOTHING;
}

function stationsOnly(ip: Ip | null): Ip[] {
  return ip !== null && isStationIp(ip) ? [ip] : [];
}
