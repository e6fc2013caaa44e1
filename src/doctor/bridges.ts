import { BR_STATE_DISABLED, BR_STATE_FORWARDING } from '../kernel/constants.js';
import { shellWord } from './commands.js';
import type { BridgeFacts, UplinkFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** linux/if_bridge.h; a port that spanning tree is opening, listening or learning, is open soon. */
const BR_STATE_BLOCKING = 4;

/**
 * How long hosts may go on sending to a MAC that they do not hear from, in seconds. A gateway that answers from another
 * MAC than it is asked at is heard in ARP replies only, and hosts ask every few minutes: a bridge that has forgotten the
 * MAC by then floods all that is sent to it. 600 s covers what hosts keep by default.
 */
export const ARP_LIFETIME = 600;

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

export function ageingWords(who: string, ageing: number): string {
  return `${who} forgets a MAC after ${ageing} s, but hosts keep ARP entries for up to ${ARP_LIFETIME} s`;
}

/** Uplinks of a bridge that let nothing through, or do not learn who is beyond them. */
export function checkBridgePorts(bridge: BridgeFacts): (Finding | null)[] {
  return bridge.uplinks.flatMap((port) => [
    isBlocked(port) ? blocked(bridge, port) : null,
    port.learning === false ? notLearning(port) : null,
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
  const why = spanningTree === 'off' ? 'is switched off' : 'is blocked by spanning tree, which prefers another path';
  return found('bridge-port-blocked', {
    subject: port.name,
    finding: `this port of a bridge, its uplink by a bond, ${why}`,
    cure: cures[spanningTree ?? 'off'],
  });
}

function notLearning({ name }: UplinkFacts): Finding {
  return found('bridge-port-learning', {
    subject: name,
    finding: 'this port of a bridge, its uplink by a bond, does not learn MACs',
    cure: `bridge link set dev ${shellWord(name)} learning on`,
  });
}
