import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Tag } from '../frames/ethernet.js';

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
