import type { Mac } from '../../addr/mac.js';
import type { Tag } from '../../frames/ethernet.js';
import type { OvsBridge, OvsMacRow, OvsPort, OvsVlans } from './config.js';

/** Rows of a bridge's MAC table, and how long ago they were read, in seconds. */
export interface MacTable {
  readonly rows: readonly OvsMacRow[];
  readonly age: number;
}

/** Frames about a MAC, as they leave by a bond. */
type TaggedMac = (mac: Mac, tags: readonly Tag[]) => boolean;

/**
 * For whom Open vSwitch sends a RARP itself when the active member of its bond changes: for each entry of the bridge's
 * MAC table that is not on the bond, tagged with its VLAN (ofproto/ofproto-dpif.c:bundle_send_learning_packets). Where that
 * is not sure the answer is no: an entry that may have aged out since the table was read, and one that was set by hand.
 */
export function ownRarps(bridge: OvsBridge, bond: OvsPort, { rows, age }: MacTable): TaggedMac {
  const members = new Set(bond.interfaces.map(({ ofport }) => ofport));
  const sure = rows.filter(
    (row) => !members.has(row.ofport) && row.age !== null && row.age + age + 1 < bridge.macAgingTime,
  );
  const keys = new Set(sure.map(({ mac, vlan }) => `${mac} ${vlan}`));
  return (mac, tags) => {
    const vlan = bridgeVlan(bond.vlans, tags);
    return vlan !== null && keys.has(`${mac} ${vlan}`);
  };
}

/**
 * In which VLAN of the bridge a frame is that leaves by a port with these tags; 0 is that of frames without a tag
 * (vswitchd.conf.db(5), Port: vlan_mode). null where the bridge's VLAN is not all that the tags say.
 */
export function bridgeVlan({ mode, tag }: OvsVlans, tags: readonly Tag[]): number | null {
  const [outer, ...inner] = tags;
  if (inner.length > 0) return null;
  if (outer) return mode === 'access' || mode === 'dot1q-tunnel' ? null : outer.vid;
  if (mode === 'native-tagged') return null;
  return mode === 'trunk' ? 0 : tag;
}
