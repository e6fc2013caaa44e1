import { type Ip, isStationIp } from '../addr/ip.js';
import { isGroupMac, type Mac, ZERO_MAC } from '../addr/mac.js';
import { decodeEthernet, type EthernetFrame, type Tag } from '../frames/ethernet.js';
import { FrameError } from '../errors.js';
import { ARP_REPLY, ARP_REQUEST, decodeArp, decodeArpPacket, ETH_P_ARP, ETH_P_RARP, NO_IPV4 } from '../frames/arp.js';
import { decodeDhcp, decodeUdp, DHCP, DHCP_SERVER_PORT } from '../frames/dhcp.js';
import type { GroupMessage } from '../frames/group-records.js';
import { decodeIgmp } from '../frames/igmp.js';
import { decodeIpv4, ETH_P_IP, type Ipv4Packet } from '../frames/ipv4.js';
import { decodeIpv6, ETH_P_IPV6, type Ipv6Packet } from '../frames/ipv6.js';
import { decodeMld } from '../frames/mld.js';
import { decodeNd, UNSPECIFIED } from '../frames/nd.js';

/**
 * Which way a frame passed the bond: `out` to the network, after every filter of the host; `in` from it; `echo` from it,
 * after the same frame had left a moment before.
 */
export type Direction = 'out' | 'in' | 'echo';

/** What one frame says of the station that sent it. */
export interface Heard {
  readonly mac: Mac;
  /** As on the wire beyond the bond, the outermost first; without priority tags (VLAN 0), which name no VLAN. */
  readonly tags: readonly Tag[];
  readonly direction: Direction;
  /** The addresses that the station claims as its own with this frame. */
  readonly claims: readonly Ip[];
  /** The addresses that it says to have, to a station that asked: who had them has them still, and nobody gets them so. */
  readonly confirms: readonly Ip[];
  /** The addresses that it gives up. */
  readonly releases: readonly Ip[];
  /** Whether it says to be a router; null when the frame says nothing of that. */
  readonly router: boolean | null;
  /** Whether the frame is a Router Advertisement. */
  readonly raSent: boolean;
  /** Whether the frame is a Router Solicitation, which only hosts send. */
  readonly rsSent: boolean;
  /** The address that it asks for, from an address of its own. */
  readonly asks?: Ip;
  /** Whether the frame is ARP: inspection in switches counts those. */
  readonly arp: boolean;
  /** Whether the station itself must have sent it: no kernel says it of itself when a device with that MAC comes up. */
  readonly proof: boolean;
}

/** What one frame says of multicast groups: a report that left, or a query that passed. */
export interface HeardGroups extends Pick<Heard, 'mac' | 'tags'> {
  readonly groups: GroupMessage;
}

/** Why a frame says nothing. Closed set: it is a label of metrics. */
export type HeardIgnoreReason = 'not-of-interest' | 'malformed' | 'group-source' | 'zero-source';

/** What a frame says beyond who sent it. */
type Says = Omit<Heard, 'mac' | 'tags' | 'direction'>;

const SILENT = { claims: [], confirms: [], releases: [], router: null, raSent: false, rsSent: false };
const NOTHING: Says = { ...SILENT, arp: false, proof: true };

/**
 * What a frame says of the station that sent it. Other stations believe a claim of an address for the link-layer
 * address in it; so one counts only where that is the address of the frame's sender. Probes (RFC 5227 section 2.1.1,
 * RFC 4862 section 5.4) and advertisements without Override (anycast, proxies: RFC 4861 section 7.2.8) claim nothing;
 * an answer to one station claims nothing either, because proxies give it for others (RFC 1027).
 * A kernel probes and solicits by itself when a device comes up, for instance a macvtap that waits for a migration: what
 * comes from no address, and Router Solicitations (RFC 4861 section 6.3.7), prove nothing of the guest with that MAC.
 * Reports of groups that come in say nothing of who is here, and those that leave say nothing but groups.
 * @param checksumReady false when the frame was on its way to hardware that fills the checksum in
 */
export function readFrame(
  bytes: Uint8Array,
  direction: Direction,
  checksumReady = true,
): Heard | HeardGroups | HeardIgnoreReason {
  try {
    const frame = decodeEthernet(bytes);
    if (isGroupMac(frame.source)) return 'group-source';
    if (frame.source === ZERO_MAC) return 'zero-source';
    const says = read(frame, checksumReady);
    if (!says) return 'not-of-interest';
    const station = { mac: frame.source, tags: frame.tags.filter(({ vid }) => vid !== 0) };
    if (!('type' in says)) return { ...station, direction, ...says };
    return says.type === 'query' || direction === 'out' ? { ...station, groups: says } : 'not-of-interest';
  } catch (error) {
    if (error instanceof FrameError) return 'malformed';
    throw error;
  }
}

function read(frame: EthernetFrame, checksumReady: boolean): Says | GroupMessage | null {
  const { etherType, payload, source } = frame;
  switch (etherType) {
    case ETH_P_ARP:
      return readArp(frame);
    case ETH_P_RARP:
      decodeArpPacket(payload);
      return NOTHING;
    case ETH_P_IPV6: {
      const packet = decodeIpv6(payload);
      return decodeMld(packet, checksumReady) ?? readNd(packet, source, checksumReady);
    }
    case ETH_P_IP: {
      const packet = decodeIpv4(payload);
      return decodeIgmp(packet) ?? readDhcp(packet, source);
    }
    default:
      return null;
  }
}

/** Requests and gratuitous replies claim; a reply to one station about another address than its own only confirms. */
function readArp({ payload, source, destination }: EthernetFrame): Says {
  const { operation, sender, senderIp, targetIp } = decodeArp(payload);
  const own = sender === source ? stationsOnly(senderIp) : [];
  const answers = operation === ARP_REPLY && senderIp !== targetIp && !isGroupMac(destination);
  const said = answers ? { confirms: own } : { claims: own };
  const asks = operation === ARP_REQUEST && senderIp !== NO_IPV4 && senderIp !== targetIp && { asks: targetIp };
  return { ...NOTHING, ...said, ...asks, arp: true, proof: senderIp !== NO_IPV4 };
}

function readNd(packet: Ipv6Packet, source: Mac, checksumReady: boolean): Says | null {
  const message = decodeNd(packet, checksumReady);
  if (!message) return null;
  const own = message.linkLayer === source;
  const proof = message.source !== UNSPECIFIED && message.type !== 'rs';
  const nothing = { ...NOTHING, proof };
  switch (message.type) {
    case 'rs':
      return { ...nothing, claims: own ? stationsOnly(message.source) : [], router: false, rsSent: true };
    case 'ra':
      return { ...nothing, claims: own ? stationsOnly(message.source) : [], router: true, raSent: true };
    case 'ns':
      return {
        ...nothing,
        claims: own ? stationsOnly(message.source) : [],
        ...(message.source !== UNSPECIFIED && { asks: message.target }),
      };
    case 'na': {
      const aboutOther = message.linkLayer !== null && !own;
      const claims = own && message.override ? stationsOnly(message.target) : [];
      return { ...nothing, claims, router: aboutOther ? null : message.router };
    }
  }
}

/**
 * A client that asks for more time, or for other settings, fills in the address that it has (RFC 2131 table 5); its
 * packet must then come from there, or a filter for addresses in IP headers has not seen the claim.
 */
function readDhcp(packet: Ipv4Packet, source: Mac): Says | null {
  const datagram = decodeUdp(packet);
  if (datagram?.destinationPort !== DHCP_SERVER_PORT) return null;
  const message = decodeDhcp(datagram.payload);
  const nothing = { ...NOTHING, proof: datagram.source !== NO_IPV4 };
  if (!message || message.relayed || message.client !== source) return nothing;
  const { type, clientIp, requestedIp } = message;
  const claiming = type === DHCP.request || type === DHCP.inform;
  if (claiming) return { ...nothing, claims: clientIp === datagram.source ? stationsOnly(clientIp) : [] };
  if (type === DHCP.release) return { ...nothing, releases: stationsOnly(clientIp) };
  if (type === DHCP.decline) return { ...nothing, releases: stationsOnly(requestedIp) };
  return nothing;
}

function stationsOnly(ip: Ip | null): Ip[] {
  return ip !== null && isStationIp(ip) ? [ip] : [];
}
