import { eachAttribute, pick, type Span } from './attributes.js';
import * as c from './constants.js';
import type { PortVlan, PortVlansEvent, VlanInstance, VlanInstancesEvent } from './events.js';

/*
 * struct br_vlan_msg (linux/if_bridge.h), host byte order:
 *
 *    0        1           4         8
 *    +--------+-----------+---------+------------
 *    | family | reserved  | ifindex | attributes
 *    +--------+-----------+---------+------------
 */
export const BR_VLAN_MSG_LENGTH = 8;

const ENTRY_ATTRIBUTES = [
  c.BRIDGE_VLANDB_ENTRY_INFO,
  c.BRIDGE_VLANDB_ENTRY_RANGE,
  c.BRIDGE_VLANDB_ENTRY_STATE,
] as const;

const GLOBAL_ATTRIBUTES = [c.BRIDGE_VLANDB_GOPTS_ID, c.BRIDGE_VLANDB_GOPTS_RANGE, c.BRIDGE_VLANDB_GOPTS_MSTI] as const;

/**
 * Decodes the body of RTM_NEWVLAN or RTM_DELVLAN: VLANs of a bridge port, or of a bridge itself, that came, changed or
 * went. It is the only word on a VLAN's state, and on a default PVID that was changed (net/bridge/br_vlan.c:br_vlan_notify).
 * Or of a whole bridge, in which instance of spanning tree a VLAN is.
 * @returns null when it is about other options of a whole bridge
 * @throws NetlinkDecodeError
 */
export function decodePortVlans(body: Span, gone: boolean): PortVlansEvent | VlanInstancesEvent | null {
  const ifindex = body.u32(4);
  const vlans: PortVlan[] = [];
  const instances: VlanInstance[] = [];
  eachAttribute(body.from(BR_VLAN_MSG_LENGTH), (type, entry) => {
    const vlan = type === c.BRIDGE_VLANDB_ENTRY ? decodeEntry(entry) : null;
    if (vlan) vlans.push(vlan);
    const instance = type === c.BRIDGE_VLANDB_GLOBAL_OPTIONS ? decodeInstance(entry) : null;
    if (instance) instances.push(instance);
  });
  if (vlans.length > 0) return { type: 'portVlans', gone, ifindex, vlans };
  return instances.length > 0 ? { type: 'vlanInstances', ifindex, instances } : null;
}

/** Before Linux 5.18 VLANs have no instance. */
function decodeInstance(options: Span): VlanInstance | null {
  const [id, range, instance] = pick(options, GLOBAL_ATTRIBUTES);
  if (!id || !instance) return null;
  const first = id.u16();
  return { first, last: range?.u16() ?? first, msti: instance.u16() };
}

/** struct bridge_vlan_info (linux/if_bridge.h) is {flags: u16, vid: u16}; RANGE, where it comes, is the last VLAN. */
function decodeEntry(entry: Span): PortVlan | null {
  const [info, range, state] = pick(entry, ENTRY_ATTRIBUTES);
  if (!info) return null;
  const flags = info.u16(0);
  const first = info.u16(2);
  const last = range?.u16() ?? first;
  if (last < first) return null;
  return {
    first,
    last,
    untagged: (flags & c.BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
    pvid: (flags & c.BRIDGE_VLAN_INFO_PVID) !== 0,
    state: state?.u8() ?? null,
  };
}
