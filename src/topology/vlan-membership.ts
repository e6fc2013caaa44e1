import type { VlanRange } from '../kernel/events.js';

/** How a bridge port sends the frames of a VLAN: with the VLAN's tag, without it, or not at all. */
export type VlanMembership = 'tagged' | 'untagged' | 'none';

/** What `ranges`, the VLANs of a bridge port, say of VLAN `vid`. */
export function vlanMembership(ranges: readonly VlanRange[], vid: number): VlanMembership {
  const range = ranges.find(({ first, last }) => first <= vid && vid <= last);
  if (!range) return 'none';
  return range.untagged ? 'untagged' : 'tagged';
}
