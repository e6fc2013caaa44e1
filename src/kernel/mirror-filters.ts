import { ETH_P_ARP, ETH_P_RARP } from '../frames/arp.js';
import { DHCP_SERVER_PORT, PROTOCOL_UDP } from '../frames/dhcp.js';
import { PROTOCOL_IGMP } from '../frames/igmp.js';
import { ETH_P_IP } from '../frames/ipv4.js';
import { ETH_P_IPV6 } from '../frames/ipv6.js';
import { NEXT_HEADER_HOP_BY_HOP } from '../frames/mld.js';
import { NEXT_HEADER_ICMPV6 } from '../frames/nd.js';
import { ECHO_OPERATION, ECHO_SENDER_IP } from '../frames/mirror-echo.js';
import { ETH_P_8021AD, ETH_P_8021Q } from './constants.js';
import type { MirrorFilter, U32Match } from './tc.js';

// Offsets from the network header; the EtherType stands before it.
const ETHER_TYPE = -2;
const IPV4_PROTOCOL = 9;
const UDP_DESTINATION = 22; // behind an IPv4 header without options
const IPV6_NEXT_HEADER = 6;
/** The type of ICMPv6, or what is behind a hop-by-hop header. */
const BEHIND_IPV6 = 40;
const TAG_BYTES = 4;

/** The first of our prefs: above 49152, the highest that the kernel gives, so that we hear what no other filter drops. */
export const FIRST_MIRROR_PREF = 49190;

const byte = (value: number, at: number, mask = 0xff): U32Match => ({ bytes: 1, value, mask, at });
const half = (value: number, at: number): U32Match => ({ bytes: 2, value, mask: 0xffff, at });

const DHCP = [byte(PROTOCOL_UDP, IPV4_PROTOCOL), half(DHCP_SERVER_PORT, UDP_DESTINATION)];
const IGMP = [byte(PROTOCOL_IGMP, IPV4_PROTOCOL)];
/** ICMPv6 types 128 to 143: Neighbor Discovery is 133 to 136, and of the others only echoes are many. */
const ND = [byte(NEXT_HEADER_ICMPV6, IPV6_NEXT_HEADER), byte(0x80, BEHIND_IPV6, 0xf0)];
/** ICMPv6 behind a hop-by-hop header, which MLD has and little else. */
const MLD = [byte(NEXT_HEADER_HOP_BY_HOP, IPV6_NEXT_HEADER), byte(NEXT_HEADER_ICMPV6, BEHIND_IPV6)];

const EVERY: U32Match = { bytes: 2, value: 0, mask: 0, at: 0 };

// The ARP packet: frames/arp.ts shows it.
const ARP_OPERATION = 6;
const ARP_SENDER_IP = 14;

/** What the mirror's own frames look like, and nobody else's: see frames/mirror-echo.ts. */
const ECHO = [
  half(ECHO_OPERATION, ARP_OPERATION),
  half(ECHO_SENDER_IP >>> 16, ARP_SENDER_IP),
  half(ECHO_SENDER_IP & 0xffff, ARP_SENDER_IP + 2),
];

const ofType = (type: number, matches: readonly U32Match[] = []): U32Match[] => [half(type, ETHER_TYPE), ...matches];
/** What is said behind a tag that stands in the metadata, where drivers, bridges and VLAN devices put the outermost. */
const BEHIND_TAG = [
  ofType(ETH_P_ARP),
  ofType(ETH_P_RARP),
  ofType(ETH_P_IP, DHCP),
  ofType(ETH_P_IP, IGMP),
  ofType(ETH_P_IPV6, ND),
  ofType(ETH_P_IPV6, MLD),
];
/** And behind one more, which stands in the frame. */
const BEHIND_TWO = BEHIND_TAG.map((matches) =>
  ofType(
    ETH_P_8021Q,
    matches.map((match) => ({ ...match, at: match.at + TAG_BYTES })),
  ),
);

/**
 * What is copied of the frames that leave a bond: at least what the filter of a listening socket passes, behind a tag, or
 * two of which the inner is 802.1Q. A little more does not matter, and each question costs every frame of a guest time.
 * The mirror's own frames are copied as every ARP frame is, and then kept from leaving.
 */
export const MIRROR_FILTERS: readonly MirrorFilter[] = [
  { protocol: ETH_P_ARP, matches: [[EVERY], ECHO] },
  { protocol: ETH_P_RARP, matches: [null] },
  { protocol: ETH_P_IP, matches: [DHCP, IGMP] },
  { protocol: ETH_P_IPV6, matches: [ND, MLD] },
  ...[ETH_P_8021Q, ETH_P_8021AD].map((protocol) => ({ protocol, matches: [...BEHIND_TAG, ...BEHIND_TWO] })),
].flatMap(({ protocol, matches }, i) =>
  matches.map((each) => ({ pref: FIRST_MIRROR_PREF + i, protocol, matches: each, redirects: each === ECHO })),
);

/** Frames from no station to the nearest bridge: the six bytes of 00:00:00:00:00:00, and the last four of the other. */
const FROM_NOBODY = [-12, -10, -8, -6, -4].map((at) => half({ '-12': 0xc200, '-10': 0x000e }[at] ?? 0, at));

/**
 * Keep our echoes of other protocols than ARP from leaving, behind the filters above. They are there for a moment only:
 * they would ask something of every frame of a guest.
 */
export const TRIAL_FILTERS: readonly MirrorFilter[] = [ETH_P_IP, ETH_P_IPV6].map((protocol, i) => ({
  pref: FIRST_MIRROR_PREF + 6 + i,
  protocol,
  matches: FROM_NOBODY,
  redirects: true,
}));
