import { BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { VlanRange } from '../kernel/events.js';
import { DEAD_VLAN, type OvsVlans } from '../sources/ovs/config.js';
import type { BridgePort } from '../topology/bridge-port.js';

/**
 * The VLANs of a port of Open vSwitch as those of a bridge's port (vswitchd.conf.db(5), Port: vlan_mode). VLAN 0 is
 * that of frames without a tag, which may pass a trunk. The first range that holds a VLAN says how it leaves. A dead
 * port is in no VLAN.
 */
export function portOfVlans({ mode, tag, trunks, cvlans, ethertype }: OvsVlans): BridgePort {
  const native = tag === null || tag === DEAD_VLAN ? [] : [tag];
  switch (mode) {
    case 'access':
      return { ...forwarding(native.map(nativeRange)), untaggedOnly: true };
    case 'dot1q-tunnel':
      return { ...forwarding(native.map(nativeRange)), tunnel: { tpid: ethertype, customers: cvlans } };
    case 'native-untagged':
      return forwarding([...native.map(nativeRange), ...trunkRanges(trunks, false)]);
    case 'native-tagged':
      return forwarding([
        ...native.map((vid) => ({ ...nativeRange(vid), untagged: vid === 0 })),
        ...trunkRanges(trunks, false),
      ]);
    case 'trunk':
      return forwarding(trunkRanges(trunks, true));
  }
}

/** Spanning tree of Open vSwitch is not followed: it is off unless asked for. */
function forwarding(vlans: readonly VlanRange[]): BridgePort {
  return { state: BR_STATE_FORWARDING, vlans };
}

function nativeRange(vid: number): VlanRange {
  return { first: vid, last: vid, untagged: true, pvid: true };
}

/**
 * @param passesUntagged whether frames without a tag are of VLAN 0. On a port with a native VLAN they are of that, and
 *   VLAN 0 does not pass at all (ofproto/ofproto-dpif.c: bundle_set)
 */
function trunkRanges(trunks: readonly number[], passesUntagged: boolean): VlanRange[] {
  const untagged = { first: 0, last: 0, untagged: true, pvid: true };
  const tagged = { untagged: false, pvid: false };
  const zero = passesUntagged && (trunks.length === 0 || trunks.includes(0)) ? [untagged] : [];
  if (trunks.length === 0) return [...zero, { first: 1, last: DEAD_VLAN - 1, ...tagged }];
  const vids = [...new Set(trunks)].filter((vid) => vid !== 0 && vid !== DEAD_VLAN).sort((a, b) => a - b);
  const ranges: { first: number; last: number; untagged: boolean; pvid: boolean }[] = [];
  for (const vid of vids) {
    const before = ranges.at(-1);
    if (before?.last === vid - 1) before.last = vid;
    else ranges.push({ first: vid, last: vid, ...tagged });
  }
  return [...zero, ...ranges];
}
