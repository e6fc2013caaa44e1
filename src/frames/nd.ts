import { type Ip, isLinkLocal, isMulticastIp } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { addressAt, type Ipv6Packet, upperLayerChecksum } from './ipv6.js';
import { linkLayerOption, SOURCE_LINK_LAYER, TARGET_LINK_LAYER } from './nd-options.js';

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
export const ND_HOP_LIMIT = 255;
export const RS_TYPE = 133;
const RA_TYPE = 134;
const NS_TYPE = 135;
export const NA_TYPE = 136;
export const NA_LENGTH = 24;
export const ROUTER_FLAG = 0x80;
const SOLICITED_FLAG = 0x40;
export const OVERRIDE_FLAG = 0x20;
const UNSPECIFIED = '::' as Ip;

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
 * Reads an IPv6 packet that is Neighbor Discovery.
 * @param checksumReady false when the frame was on its way to hardware that fills the checksum in
 * @returns null when it is something else
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
  if (type === RA_TYPE) return { type: 'ra', ...ends, linkLayer: ofRouter(packet) };
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

function ofRouter({ payload, source }: Ipv6Packet): Mac | null {
  if (!isLinkLocal(source)) throw new FrameError(`a router advertisement from ${source}, which is not link-local`);
  return linkLayerOption(optionsFrom(payload, 16), SOURCE_LINK_LAYER);
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
