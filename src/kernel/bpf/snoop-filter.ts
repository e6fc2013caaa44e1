import { ETH_P_ARP, ETH_P_RARP } from '../../frames/arp.js';
import { DHCP_SERVER_PORT, PROTOCOL_UDP } from '../../frames/dhcp.js';
import { PROTOCOL_IGMP } from '../../frames/igmp.js';
import { ETH_P_IP } from '../../frames/ipv4.js';
import { ETH_P_IPV6 } from '../../frames/ipv6.js';
import { NEXT_HEADER_HOP_BY_HOP } from '../../frames/mld.js';
import { NA_TYPE, NEXT_HEADER_ICMPV6, RS_TYPE } from '../../frames/nd.js';
import { assemble, compute, type Instruction, jump, label, type Line, load, pass } from './assembler.js';

/** What passes of a frame. No message that we read is longer than an Ethernet frame with its tags. */
export const SNAP_LENGTH = 2048;

/** SKF_AD_MARK of linux/filter.h: the mark of the socket that sent the frame. */
const MARK = 20;

// Offsets with X = 4 bytes for each tag.
const ETHER_TYPE = 12;
const IPV6_NEXT_HEADER = 20;
/** The type of ICMPv6, or what is behind a hop-by-hop header. */
const BEHIND_IPV6 = 54;
const IPV4 = 14;
const IPV4_FRAGMENT = 20;
const IPV4_PROTOCOL = 23;
/** The first byte of an IPv4 header without options: version 4, five words. */
const NO_OPTIONS = 0x45;
const LENGTH_WITHOUT_OPTIONS = 20;
/** And with the length of the IPv4 header in X as well. */
const UDP_DESTINATION = 16;

const isTag = (yes: string, no: string): Line[] => [jump.equal(0x8100, { yes }), jump.equal(0x88a8, { yes, no })];

/** Goes to 'pass' for ARP and RARP, to 'IPv6', to `ipv4` or to 'drop', with X = 4 for each tag among the bytes. */
const byType = (ipv4: string): Line[] => [
  load.x(0),
  load.half(ETHER_TYPE),
  ...isTag('one tag', 'type'),
  label('one tag'),
  load.x(4),
  load.half(ETHER_TYPE),
  ...isTag('two tags', 'type'),
  label('two tags'),
  load.x(8),
  load.half(ETHER_TYPE),

  label('type'),
  jump.equal(ETH_P_ARP, { yes: 'pass' }),
  jump.equal(ETH_P_RARP, { yes: 'pass' }),
  jump.equal(ETH_P_IPV6, { yes: 'IPv6' }),
  jump.equal(ETH_P_IP, { yes: ipv4, no: 'drop' }),
];

/** From 'IPv6' to 'pass' for Neighbor Discovery, else to 'drop' or to `behindOptions`. */
const neighborDiscovery = (behindOptions = 'drop'): Line[] => [
  label('IPv6'),
  load.byte(IPV6_NEXT_HEADER),
  jump.equal(NEXT_HEADER_ICMPV6, { no: behindOptions }),
  load.byte(BEHIND_IPV6),
  jump.atLeast(RS_TYPE, { no: 'drop' }),
  jump.greater(NA_TYPE, { yes: 'drop', no: 'pass' }),
];

/** Drops most of what guests say, untagged, by few questions: each is asked of every frame that the bond takes in. */
const shortCut: readonly Line[] = [
  load.halfAt(ETHER_TYPE),
  jump.equal(ETH_P_IP, { yes: 'short IPv4' }),
  jump.equal(ETH_P_IPV6, { no: 'long way' }),
  load.byteAt(IPV6_NEXT_HEADER),
  jump.equal(NEXT_HEADER_ICMPV6, { yes: 'long way' }),
  jump.equal(NEXT_HEADER_HOP_BY_HOP, { yes: 'long way', no: 'drop' }),
  label('short IPv4'),
  load.byteAt(IPV4_PROTOCOL),
  jump.equal(PROTOCOL_UDP, { yes: 'short UDP' }),
  jump.equal(PROTOCOL_IGMP, { yes: 'long way', no: 'drop' }),
  label('short UDP'),
  load.byteAt(IPV4),
  jump.equal(NO_OPTIONS, { no: 'long way' }),
  load.halfAt(UDP_DESTINATION + LENGTH_WITHOUT_OPTIONS),
  jump.equal(DHCP_SERVER_PORT, { no: 'drop' }), // or it is a later fragment, and has no port
  label('long way'),
];

/** Goes to 'pass' for DHCP to a server, of IPv4 whose protocol is in A, else to 'drop'. */
const dhcp: readonly Line[] = [
  jump.equal(PROTOCOL_UDP, { no: 'drop' }),
  load.half(IPV4_FRAGMENT),
  jump.anyBit(0x1fff, { yes: 'drop' }), // the offset: a later fragment has no UDP header
  load.byte(IPV4),
  compute.and(0xf),
  compute.shiftLeft(2),
  compute.addX(),
  compute.toX(),
  load.half(UDP_DESTINATION),
  jump.equal(DHCP_SERVER_PORT, { yes: 'pass', no: 'drop' }),
];

/**
 * The filter of a socket on a standby link. To libpcap: ether broadcast and (arp or (ip and udp dst port 67)), behind up to
 * two tags and the one in the metadata. RARP passes too.
 */
export function standbyFilter(): Instruction[] {
  const broadcast = [0, 2, 4].flatMap((at) => [load.halfAt(at), jump.equal(0xffff, { no: 'drop' })]);
  return assemble([
    ...broadcast,
    ...byType('IPv4'),
    label('IPv4'),
    load.byte(IPV4_PROTOCOL),
    ...dhcp,
    label('pass'),
    pass(SNAP_LENGTH),
    label('IPv6'),
    label('drop'),
    pass(0),
  ]);
}

/**
 * The filter of a listening socket. To libpcap, apart from the mark:
 *
 *    arp or rarp or icmp6 types 133 to 136 or icmp6 behind a hop-by-hop header or igmp or (ip and udp dst port 67),
 *    each behind up to two tags of 802.1Q or 802.1ad
 *
 * One more tag may stand in the metadata of the frame, where drivers and VLAN devices put the outermost.
 * @param ownMarks frames with one of these marks do not pass
 */
export function snoopFilter(...ownMarks: readonly number[]): Instruction[] {
  return assemble([
    ...shortCut,
    ...byType('IPv4'),
    ...neighborDiscovery('behind IPv6'),

    label('behind IPv6'),
    jump.equal(NEXT_HEADER_HOP_BY_HOP, { no: 'drop' }),
    load.byte(BEHIND_IPV6),
    jump.equal(NEXT_HEADER_ICMPV6, { yes: 'pass', no: 'drop' }),

    label('IPv4'),
    load.byte(IPV4_PROTOCOL),
    jump.equal(PROTOCOL_IGMP, { yes: 'pass' }),
    ...dhcp,

    label('pass'),
    load.special(MARK),
    ...ownMarks.map((mark) => jump.equal(mark, { yes: 'drop' })),
    pass(SNAP_LENGTH),
    label('drop'),
    pass(0),
  ]);
}

/** The filter of a socket that hears the frames with one mark. */
export function markFilter(mark: number): Instruction[] {
  return assemble([load.special(MARK), jump.equal(mark, { no: 'drop' }), pass(SNAP_LENGTH), label('drop'), pass(0)]);
}

// Results of a program that is a tc action (net/sched/act_bpf.c:tcf_bpf_act).
/** Any number that is no action of tc: the actions after this one are not taken, and the next filter is asked. */
const ENOUGH = 100;
/** What the action was given as its default. */
const DEFAULT = 0xffffffff;

/** An action of tc that ends the actions of its filter for frames that we have sent: those with `ownMark`. */
export function spareOwnFrames(ownMark: number): Instruction[] {
  return assemble([
    load.special(MARK),
    jump.equal(ownMark, { no: 'others' }),
    pass(ENOUGH),
    label('others'),
    pass(DEFAULT),
  ]);
}

/** SKF_AD_PKTTYPE of linux/filter.h: which way the frame passes the device, as in sockaddr_ll of packet(7). */
const PACKET_TYPE = 4;
const PACKET_OUTGOING = 4;
const PACKET_LOOPBACK = 5;

/** Which frames of a link: those that come in, those that leave, and those that leave and that we have sent ourselves. */
export type PassingFrames = 'in' | 'out' | 'ours';

/**
 * The beginning of a filter: ARP, RARP and Neighbor Discovery, behind up to two tags and the one in the metadata, that
 * pass a link in one way. A second program goes on at its end with them, A and X being 0. `ownMark` marks what we send.
 */
export function watchFilter(frames: PassingFrames, ownMark: number): Instruction[] {
  const outgoing = frames === 'in' ? { yes: 'drop' } : { no: 'drop' };
  const marked = frames === 'ours' ? { no: 'drop' } : { yes: 'drop' };
  return assemble([
    load.special(PACKET_TYPE),
    jump.equal(PACKET_LOOPBACK, { yes: 'drop' }),
    jump.equal(PACKET_OUTGOING, outgoing),
    ...(frames === 'in' ? [] : [load.special(MARK), jump.equal(ownMark, marked)]),
    ...byType('drop'),
    ...neighborDiscovery(),
    label('drop'),
    pass(0),
    label('pass'),
    load.x(0),
    load.value(0),
  ]);
}
