import type { VlanRange } from '../kernel/events.js';

/** What a bridge says of one of its ports, or of itself. */
export interface BridgePort {
  readonly state: number | null;
  readonly vlans: readonly VlanRange[];
  /** It lets no frame in that carries a tag, and sends none. The kernel's ports have no such mode. */
  readonly untaggedOnly?: boolean;
  /** It puts every frame into its native VLAN, whatever tags it carries, under a tag of this EtherType. */
  readonly tunnel?: {
    readonly tpid: number;
    /** The VLANs that the frames may be in; empty for all. */ readonly customers: readonly number[];
  };
}

/** How a bridge port sends the frames of a VLAN: with the VLAN's tag, without it, or not at all. */
type VlanMembership = 'tagged' | 'untagged' | 'none';

/** What `ranges`, the VLANs of a bridge port, say of VLAN `vid`. */
export function vlanMembership(ranges: readonly VlanRange[], vid: number): VlanMembership {
  const range = ranges.find(({ first, last }) => first <= vid && vid <= last);
  if (!range) return 'none';
  return range.untagged ? 'untagged' : 'tagged';
}

/** The VLAN that a port puts untagged frames into; null when it drops them. */
export function pvidOf(port: BridgePort | undefined): number | null {
  return port?.vlans.find(({ pvid }) => pvid)?.first ?? null;
}
