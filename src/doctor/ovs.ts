import type { OvsBridge, OvsConfig, OvsPort } from '../sources/ovs/config.js';
import type { OvsFacts } from './facts.js';
import type { Finding } from './finding.js';
import { shellWord } from './shell-word.js';

/** How long switches block a port after its link came up, in milliseconds: 30 s of spanning tree, and one more. */
export const SPANNING_TREE_UPDELAY = 31_000;

/** What leaves a table that is full is learned anew all the time: this much of it in use counts as full. */
const FULL = 0.95;

/** Bonds of Open vSwitch that go back to a link the moment it has carrier, when its switch port may block still. */
export function checkOvsBonds({ bridges }: OvsConfig): Finding[] {
  const bonds = bridges.flatMap(({ ports }) => ports.filter(goesBackAtOnce));
  return bonds.map(({ name }) => ({
    id: 'ovs-bond-updelay',
    level: 'warning',
    subject: name,
    finding: 'the bond has neither LACP nor an updelay: it uses a link as soon as it has carrier',
    meaning:
      'a switch port that blocks for spanning tree loses all that guests send and get, up to 30 s, at the failback',
    cure: `ovs-vsctl set port ${shellWord(name)} bond_updelay=${SPANNING_TREE_UPDELAY}`,
  }));
}

const goesBackAtOnce = ({ bond }: OvsPort): boolean => bond?.lacp === 'off' && bond.updelay === 0;

/** Learning bridges whose MAC table has no room left. */
export function checkOvsTables({ config, macs }: OvsFacts): Finding[] {
  return config.bridges.flatMap((bridge) => {
    const held = macs.get(bridge.uuid) ?? 0;
    return held >= FULL * bridge.macTableSize ? [tableFull(bridge, held)] : [];
  });
}

function tableFull({ name, macTableSize }: OvsBridge, held: number): Finding {
  return {
    id: 'ovs-mac-table-full',
    level: 'warning',
    subject: name,
    finding: `the MAC table holds ${held} of ${macTableSize} addresses`,
    meaning: 'guests that have no room in it are not announced by Open vSwitch, and may be missing here too',
    cure: `ovs-vsctl set bridge ${shellWord(name)} other_config:mac-table-size=${4 * macTableSize}`,
  };
}

/** Open vSwitch runs, but cannot be asked. */
export function ovsUnreadable(reason: string): Finding {
  return {
    id: 'ovs-unreadable',
    level: 'warning',
    subject: 'Open vSwitch',
    finding: `it cannot be read: ${reason}`,
    meaning: 'guests behind its bridges are not known, and its bonds are not announced',
    cure: 'systemctl status ovsdb-server ovs-vswitchd',
  };
}
