import type { OvsBridge, OvsPort } from '../sources/ovs/config.js';
import { ageingWords, ARP_LIFETIME } from './bridges.js';
import { shellWord } from './commands.js';
import type { OvsFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** How long switches block a port after its link came up, in milliseconds: 30 s of spanning tree, and one more. */
export const SPANNING_TREE_UPDELAY = 31_000;

/** What leaves a table that is full is learned anew all the time: this much of it in use counts as full. */
const FULL = 0.95;

/** @param ovs a text: why it cannot be asked; null: there is none */
export function checkOvs(ovs: OvsFacts | string | null): (Finding | null)[] {
  if (ovs === null) return [];
  if (typeof ovs === 'string') return [unreadable(ovs)];
  const { config, macs } = ovs;
  return [
    ...config.bridges.flatMap(({ ports }) => ports.map(checkBond)),
    ...config.bridges.map((bridge) => checkTable(bridge, macs.get(bridge.uuid) ?? 0)),
    ...config.bridges.map(checkAgeing),
  ];
}

/** A bond that goes back to a link the moment it has carrier, when its switch port may still block. */
function checkBond({ name, bond }: OvsPort): Finding | null {
  if (bond?.lacp !== 'off' || bond.updelay !== 0) return null;
  return found('ovs-bond-updelay', {
    subject: name,
    finding: 'the bond has neither LACP nor an updelay: it uses a link as soon as it has carrier',
    cure: `ovs-vsctl set port ${shellWord(name)} bond_updelay=${SPANNING_TREE_UPDELAY}`,
  });
}

/** A learning bridge whose MAC table has no room left. @param held how many MACs it holds */
function checkTable({ name, macTableSize }: OvsBridge, held: number): Finding | null {
  if (held < FULL * macTableSize) return null;
  return found('ovs-mac-table-full', {
    subject: name,
    finding: `the MAC table holds ${held} of ${macTableSize} addresses`,
    cure: `ovs-vsctl set bridge ${shellWord(name)} other_config:mac-table-size=${4 * macTableSize}`,
  });
}

/** A bridge that forgets MACs while hosts still send to them. */
function checkAgeing({ name, macAgingTime }: OvsBridge): Finding | null {
  if (macAgingTime >= ARP_LIFETIME) return null;
  return found('ovs-ageing', {
    subject: name,
    finding: ageingWords('Open vSwitch', macAgingTime),
    cure: `ovs-vsctl set bridge ${shellWord(name)} other_config:mac-aging-time=${ARP_LIFETIME}`,
  });
}

/** Open vSwitch runs, but cannot be asked. */
function unreadable(reason: string): Finding {
  return found('ovs-unreadable', {
    subject: 'Open vSwitch',
    finding: `it cannot be read: ${reason}`,
    cure: 'systemctl status ovsdb-server ovs-vswitchd',
  });
}
