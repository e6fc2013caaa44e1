import { BR_STATE_DISABLED, BR_STATE_FORWARDING } from '../kernel/constants.js';
import type { BridgeFacts, UplinkFacts } from './facts.js';
import type { Finding } from './finding.js';
import { shellWord } from './shell-word.js';

/** linux/if_bridge.h; a port that spanning tree is opening, listening or learning, is open soon. */
const BR_STATE_BLOCKING = 4;

/** A bridge that takes its MAC from its ports, the lowest of them (net/bridge/br_stp_if.c). */
export function checkBridgeMac({ name, mac, macPinned, uplinks }: BridgeFacts): Finding[] {
  if (macPinned !== false || mac === null || uplinks.length === 0) return [];
  return [
    {
      id: 'bridge-mac',
      level: 'advice',
      subject: name,
      finding: 'nobody has given the bridge a MAC: it changes when a port comes or goes',
      meaning:
        "the host's addresses on it may turn up under another MAC, and be dark until its peers have learned that",
      cure: `ip link set dev ${shellWord(name)} address ${mac}`,
    },
  ];
}

/** Ways out of a bridge that let nothing through, or do not learn who is beyond them. */
export function checkBridgePorts(bridge: BridgeFacts): Finding[] {
  return bridge.uplinks.flatMap((port) => [
    ...(isBlocked(port) ? [blocked(bridge, port)] : []),
    ...(port.learning === false ? [notLearning(port)] : []),
  ]);
}

/** A port without carrier is disabled by the bridge and enabled when its carrier is back. */
function isBlocked({ state, carrier }: UplinkFacts): boolean {
  return carrier && (state === BR_STATE_BLOCKING || state === BR_STATE_DISABLED);
}

function blocked({ name, spanningTree }: BridgeFacts, port: UplinkFacts): Finding {
  const [bridge, uplink] = [shellWord(name), shellWord(port.name)];
  const cures = {
    off: `bridge link set dev ${uplink} state ${BR_STATE_FORWARDING}`,
    kernel: `bridge link set dev ${uplink} cost 1`, // the cheapest way to the root is the one that stays open
    user: `mstpctl setportpathcost ${bridge} ${uplink} 1`,
  };
  const why = spanningTree === 'off' ? 'is switched off' : 'is blocked by spanning tree, which prefers another way';
  return {
    id: 'bridge-port-blocked',
    level: 'warning',
    subject: port.name,
    finding: `this port of a bridge, its way out by a bond, ${why}`,
    meaning: 'guests do not leave by the bond, so they are not announced on it',
    cure: cures[spanningTree ?? 'off'],
  };
}

function notLearning(port: UplinkFacts): Finding {
  return {
    id: 'bridge-port-learning',
    level: 'warning',
    subject: port.name,
    finding: 'this port of a bridge, its way out by a bond, does not learn MACs',
    meaning:
      'a guest that has moved to another host is not noticed, and all that guests send outside reaches every guest',
    cure: `bridge link set dev ${shellWord(port.name)} learning on`,
  };
}
