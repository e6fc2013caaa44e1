import { type Ip, isLinkLocal, isMulticastIp, ipBytes, isIpv4, isStationIp } from '../addr/ip.js';
import { type Mac, macFromBytes, writeMac } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { addressAt, type Ipv6Packet, upperLayerChecksum, encodeIpv6, ETH_P_IPV6 } from './ipv6.js';
import { encodeEthernet, type Tag } from './ethernet.js';

/*
 * Neighbor Discovery (RFC 4861 section 4), ICMPv6 in network order:
 *
 *    0      1      2          4                          8                24
 *    +------+------+----------+--------------------------+----------------+----------
 *    | type | code | checksum | R S O, 29 bits reserved  | target         | options     NA; NS without flags
 *    +------+------+----------+--------------------------+----------------+----------
 *    | 133  | 0    | checksum | reserved                 | options                       RS
 *    +------+------+----------+--------------------------+--------+--------+----------
 *    | 134  | 0    | checksum | hop limit, flags, life   | times  | times  | options     RA, options from 16
 *    +------+------+----------+--------------------------+--------+--------+----------
 */
export const NEXT_HEADER_ICMPV6 = 58;
const ND_HOP_LIMIT = 255;
export const RS_TYPE = 133;
const RA_TYPE = 134;
export const NS_TYPE = 135;
export const NA_TYPE = 136;
const NA_LENGTH = 24;
const ROUTER_FLAG = 0x80;
const SOLICITED_FLAG = 0x40;
const OVERRIDE_FLAG = 0x20;
/** The source of a station that has no address yet (RFC 4291 section 2.5.2). */
export const UNSPECIFIED = '::' as Ip;

/** A message of Neighbor Discovery that is valid by RFC 4861. */
export type NdMessage = {
  readonly source: Ip;
  readonly destination: Ip;
  /** In the option for the source, or in an NA for the target; null without such an option. */
  readonly linkLayer: Mac | null;
} & (
  | { readonly type: 'rs' | 'ra' }
  | { readonly type: 'ns'; readonly target: Ip }
  | { readonly type: 'na'; readonly target: Ip; readonly router: boolean; readonly override: boolean }
);

/**
 * Neighbor Discovery in an IPv6 packet; null when it is something else.
 * @param checksumReady false when the frame was on its way to hardware that fills the checksum in
 * @throws FrameError when RFC 4861 (sections 6.1.1, 6.1.2, 7.1.1 and 7.1.2) has receivers discard it
 */
export function decodeNd(packet: Ipv6Packet, checksumReady = true): NdMessage | null {
  const { payload, nextHeader, source, destination } = packet;
  const [type = 0, code = 0] = payload;
  if (nextHeader !== NEXT_HEADER_ICMPV6 || type < RS_TYPE || type > NA_TYPE) return null;
  if (packet.hopLimit !== ND_HOP_LIMIT) throw new FrameError(`ND with hop limit ${packet.hopLimit} has been routed`);
  if (code !== 0) throw new FrameError(`ND with code ${code}`);
  if (checksumReady && upperLayerChecksum(packet) !== 0) throw new FrameError('ND with a wrong checksum');
  const ends = { source, destination };
  if (type === RS_TYPE) return { type: 'rs', ...ends, linkLayer: ofSource(packet, 8) };
  if (type === RA_TYPE) {
    if (!isLinkLocal(source)) throw new FrameError(`a router advertisement from ${source}, which is not link-local`);
    return { type: 'ra', ...ends, linkLayer: linkLayerOption(optionsFrom(payload, 16), SOURCE_LINK_LAYER) };
  }
  if (type === NS_TYPE)
    return { type: 'ns', ...ends, target: targetOf(payload), linkLayer: ofSource(packet, NA_LENGTH) };
  return { type: 'na', ...ends, ...advertisement(packet) };
}

/** The bytes from `at` on, of a message that must have so many before them. */
function optionsFrom(payload: Uint8Array, at: number): Uint8Array {
  if (payload.length < at) throw new FrameError(`ND message of ${payload.length} bytes is too short`);
  return payload.subarray(at);
}

/** A source without an address has no link-layer address to tell either (sections 6.1.1 and 7.1.1). */
function ofSource({ payload, source }: Ipv6Packet, at: number): Mac | null {
  const mac = linkLayerOption(optionsFrom(payload, at), SOURCE_LINK_LAYER);
  if (mac !== null && source === UNSPECIFIED) throw new FrameError('ND from :: with a link-layer address');
  return mac;
}

function targetOf(payload: Uint8Array): Ip {
  optionsFrom(payload, NA_LENGTH);
  const target = addressAt(payload, 8);
  if (isMulticastIp(target)) throw new FrameError(`ND target ${target} is not a station address`);
  return target;
}

function advertisement({ payload, destination }: Ipv6Packet) {
  const target = targetOf(payload);
  const flags = payload[4] ?? 0;
  if (flags & SOLICITED_FLAG && isMulticastIp(destination))
    throw new FrameError('a solicited NA to a multicast address');
  return {
    target,
    router: (flags & ROUTER_FLAG) !== 0,
    override: (flags & OVERRIDE_FLAG) !== 0,
    linkLayer: linkLayerOption(payload.subarray(NA_LENGTH), TARGET_LINK_LAYER),
  };
}

/*
 * Options of Neighbor Discovery (RFC 4861 section 4.6), one after the other:
 *
 *    0      1        2
 *    +------+--------+----------- - -
 *    | type | length | value          length in units of 8 bytes, type and length included
 *    +------+--------+----------- - -
 */
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
/** A link-layer address option over Ethernet (RFC 2464 section 6). */
const LINK_LAYER_OPTION_LENGTH = 8;

/**
 * The link-layer address in the options that fill `bytes`; null when there is none of the type `wanted`.
 * @throws FrameError when an option has no length (RFC 4861 section 4.6) or ends too late, when the address is not
 *   Ethernet's, and when there are two: receivers would not agree on one
 */
function linkLayerOption(bytes: Uint8Array, wanted: number): Mac | null {
  let found: Mac | null = null;
  for (let at = 0; at < bytes.length;) {
    const length = 8 * (bytes[at + 1] ?? 0);
    if (length === 0) throw new FrameError('an ND option has no length');
    if (at + length > bytes.length) throw new FrameError('an ND option is longer than its message');
    if (bytes[at] === wanted) {
      if (length !== LINK_LAYER_OPTION_LENGTH) throw new FrameError('an ND option has no Ethernet address');
      if (found !== null) throw new FrameError('an ND message has two link-layer addresses');
      found = macFromBytes(bytes, at + 2);
    }
    at += length;
  }
  return found;
}

const ALL_NODES = 'ff02::1' as Ip;
/** Where IPv6 multicast for ff02::1 goes (RFC 2464 section 7). */
const ALL_NODES_MAC = '33:33:00:00:00:01' as Mac;

/**
 * The unsolicited Neighbor Advertisement by which `mac` says that it has `ip` (RFC 4861 sections 4.4 and 7.2.6):
 * to all nodes, from the address itself, Override set, Solicited clear, with the target's link-layer address.
 * @param router the guest's own flag: an NA that wrongly clears it makes hosts drop their default router (section 7.2.5)
 * @throws FrameError when `ip` is no IPv6 address of a station
 */
export function encodeUnsolicitedNa(mac: Mac, ip: Ip, router: boolean, tags: readonly Tag[]): Uint8Array {
  if (isIpv4(ip) || !isStationIp(ip)) throw new FrameError(`${ip} is not the IPv6 address of a station`);
  const message = new Uint8Array(NA_LENGTH + LINK_LAYER_OPTION_LENGTH);
  message[0] = NA_TYPE;
  message[4] = OVERRIDE_FLAG | (router ? ROUTER_FLAG : 0);
  message.set(ipBytes(ip), 8);
  message.set([TARGET_LINK_LAYER, LINK_LAYER_OPTION_LENGTH / 8], NA_LENGTH);
  writeMac(mac, message, NA_LENGTH + 2);
  const packet = { source: ip, destination: ALL_NODES, nextHeader: NEXT_HEADER_ICMPV6, payload: message };
  new DataView(message.buffer).setUint16(2, upperLayerChecksum(packet));
  const payload = encodeIpv6({ ...packet, hopLimit: ND_HOP_LIMIT });
  return encodeEthernet({ destination: ALL_NODES_MAC, source: mac, tags, etherType: ETH_P_IPV6, payload });
}
