import { BR_STATE_DISABLED, BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { OvsBridge, OvsPort } from '../sources/ovs/config.js';
import { vlanMembership } from '../topology/bridge-port.js';
import { shellWord } from './commands.js';
import type { BridgeFacts, OvsFacts, UplinkFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** linux/if_bridge.h; a port that spanning tree is opening, listening or learning, is open soon. */
const BR_STATE_BLOCKING = 4;

/**
 * How long hosts may go on sending to a MAC that they do not hear from, in seconds. A gateway that answers from another
 * MAC than it is asked at is heard in ARP replies only, and hosts ask every few minutes: a bridge that has forgotten the
 * MAC by then floods all that is sent to it. 600 s covers what hosts keep by default.
 */
const ARP_LIFETIME = 600;

/** The kernel counts a bridge's ageing time in hundredths of a second (linux/if_link.h: IFLA_BR_AGEING_TIME). */
const TICKS_A_SECOND = 100;

/** A bridge that takes its MAC from its ports, the lowest of them (net/bridge/br_stp_if.c). */
export function checkBridgeMac({ name, mac, macPinned, uplinks }: BridgeFacts): Finding | null {
  if (macPinned !== false || mac === null || uplinks.length === 0) return null;
  return found('bridge-mac', {
    subject: name,
    finding: 'the bridge has no fixed MAC: it changes when a port comes or goes',
    cure: `ip link set dev ${shellWord(name)} address ${mac}`,
  });
}

/** A bridge that forgets MACs while hosts still send to them. Ageing 0 means that it floods at once, or on purpose. */
export function checkBridgeAgeing({ name, ageing }: BridgeFacts): Finding | null {
  if (ageing === null || ageing >= ARP_LIFETIME) return null;
  return found('bridge-ageing', {
    subject: name,
    finding: ageingWords('the bridge', ageing),
    cure: `ip link set dev ${shellWord(name)} type bridge ageing_time ${ARP_LIFETIME * TICKS_A_SECOND}`,
  });
}

function ageingWords(who: string, ageing: number): string {
  return `${who} forgets a MAC after ${ageing} s, but hosts keep ARP entries for up to ${ARP_LIFETIME} s`;
}

/** Uplinks of a bridge that let nothing through, or do not learn who is beyond them. */
export function checkBridgePorts(bridge: BridgeFacts): (Finding | null)[] {
  return bridge.uplinks.flatMap((port) => [
    // A port without carrier is disabled by the bridge and enabled when its carrier is back.
    port.carrier && isShut(port.state) ? blocked(bridge, port) : null,
    port.carrier && (bridge.mst || !isShut(port.state)) ? blockedInVlans(bridge, port) : null,
    port.learning === false
      ? found('bridge-port-learning', {
          subject: port.name,
          finding: 'this port of a bridge, its uplink by a bond, does not learn MACs',
          cure: `bridge link set dev ${shellWord(port.name)} learning on`,
        })
      : null,
  ]);
}

function isShut(state: number | null): boolean {
  return state === BR_STATE_BLOCKING || state === BR_STATE_DISABLED;
}

/** VLANs of a port that do not let anything out, each by itself or with its instance of spanning tree. */
function blockedInVlans(bridge: BridgeFacts, { name, states, vlans }: UplinkFacts): Finding | null {
  const shut = states.filter(({ first, state }) => isShut(state) && vlanMembership(vlans ?? [], first) !== 'none');
  if (shut.length === 0) return null;
  const ranges = shut.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const port = shellWord(name);
  const instances = bridge.mst ? instancesOf(bridge, shut) : [];
  const open = bridge.mst
    ? instances.map((msti) => openInstance(bridge, port, msti))
    : ranges.map((vid) => `bridge vlan set dev ${port} vid ${vid} state ${BR_STATE_FORWARDING}`);
  const by = bridge.mst ? ` by instance ${instances.join(', ') || '(unknown)'} of spanning tree` : '';
  return found('bridge-port-blocked', {
    subject: name,
    finding: `this port of a bridge, its uplink by a bond, is blocked in VLAN ${ranges.join(', ')}${by}`,
    meaning: 'guests in it do not leave by the bond, so they are not announced on it',
    cure: open.join(' && ') || `bridge -d vlan show dev ${port}`,
  });
}

/** The instances that such VLANs are in. */
function instancesOf({ instances }: BridgeFacts, shut: UplinkFacts['states']): number[] {
  const theirs = instances.filter((each) => shut.some(({ first, last }) => each.first <= last && first <= each.last));
  return [...new Set(theirs.map(({ msti }) => msti))].sort((a, b) => a - b);
}

/** Where a daemon runs spanning tree it is told that this is the cheapest way; where none does, the state is what somebody set. */
function openInstance({ name, spanningTree }: BridgeFacts, port: string, msti: number): string {
  if (spanningTree === 'user') return `mstpctl settreeportcost ${shellWord(name)} ${port} ${msti} 1`;
  return `bridge mst set dev ${port} msti ${msti} state ${BR_STATE_FORWARDING}`;
}

function blocked({ name, spanningTree }: BridgeFacts, port: UplinkFacts): Finding {
  const [bridge, uplink] = [shellWord(name), shellWord(port.name)];
  const cures = {
    off: `bridge link set dev ${uplink} state ${BR_STATE_FORWARDING}`,
    kernel: `bridge link set dev ${uplink} cost 1`, // the cheapest way to the root is the one that stays open
    user: `mstpctl setportpathcost ${bridge} ${uplink} 1`,
  };
  const why = spanningTree === 'off' ? 'is switched off' : 'is blocked by spanning tree, which prefers another path';
  return found('bridge-port-blocked', {
    subject: port.name,
    finding: `this port of a bridge, its uplink by a bond, ${why}`,
    cure: cures[spanningTree ?? 'off'],
  });
}

/** How long switches block a port after its link came up, in milliseconds: 30 s of spanning tree, and one more. */
export const SPANNING_TREE_UPDELAY = 31_000;

/** What leaves a table that is full is learned anew all the time: this much of it in use counts as full. */
const FULL = 0.95;

/** Whether a table of `most` MACs has no room left for newcomers. @param held how many MACs it holds */
export function isFull(held: number, most: number): boolean {
  return held >= FULL * most;
}

/** A bridge of the kernel that was told how many MACs it may learn, and has learned them. */
export function checkLearned({ name, learned }: BridgeFacts): Finding | null {
  if (learned === null || !isFull(learned.held, learned.most)) return null;
  return found('bridge-fdb-full', {
    subject: name,
    finding: `the bridge has learned ${learned.held} MACs of the ${learned.most} that it may (fdb_max_learned)`,
    cure: `ip link set dev ${shellWord(name)} type bridge fdb_max_learned ${4 * learned.most}`,
  });
}

/** @param ovs a text: why it cannot be asked; null: there is none */
export function checkOvs(ovs: OvsFacts | string | null): (Finding | null)[] {
  if (ovs === null) return [];
  if (typeof ovs === 'string') {
    return [
      found('ovs-unreadable', {
        subject: 'Open vSwitch',
        finding: `it cannot be read: ${ovs}`,
        cure: 'systemctl status ovsdb-server ovs-vswitchd',
      }),
    ];
  }
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
  if (!isFull(held, macTableSize)) return null;
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
