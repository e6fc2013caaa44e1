import type { OvsConfig } from '../sources/ovs/config.js';
import type { BridgeFacts } from './facts.js';
import type { Finding } from './finding.js';
import { shellWord } from './shell-word.js';

/**
 * How long hosts may go on sending to a MAC that they do not hear from, in seconds. A gateway that answers from another
 * MAC than it is asked at is heard in ARP replies only, and hosts ask every few minutes: a bridge that has forgotten the
 * MAC by then floods all that is sent to it. 600 s covers what hosts keep by default.
 */
const ARP_LIFETIME = 600;

/** The kernel counts a bridge's ageing time in hundredths of a second (linux/if_link.h: IFLA_BR_AGEING_TIME). */
const TICKS_A_SECOND = 100;

const MEANING = 'what is sent to a gateway that answers from another MAC is flooded to every guest';

/** Bridges that forget MACs while hosts still send to them. Ageing 0 means that a bridge floods at once, or on purpose. */
export function checkBridgeAgeing(bridges: readonly BridgeFacts[]): Finding[] {
  return bridges.flatMap(({ name, ageing }) =>
    ageing === null || !isShort(ageing)
      ? []
      : [
          {
            id: 'bridge-ageing',
            level: 'advice',
            subject: name,
            finding: sentence('the bridge', ageing),
            meaning: MEANING,
            cure: `ip link set dev ${shellWord(name)} type bridge ageing_time ${ARP_LIFETIME * TICKS_A_SECOND}`,
          },
        ],
  );
}

/** The same for Open vSwitch's bridges. */
export function checkOvsAgeing({ bridges }: OvsConfig): Finding[] {
  return bridges.flatMap(({ name, macAgingTime }) =>
    isShort(macAgingTime)
      ? [
          {
            id: 'ovs-ageing',
            level: 'advice',
            subject: name,
            finding: sentence('Open vSwitch', macAgingTime),
            meaning: MEANING,
            cure: `ovs-vsctl set bridge ${shellWord(name)} other_config:mac-aging-time=${ARP_LIFETIME}`,
          },
        ]
      : [],
  );
}

const isShort = (ageing: number): boolean => ageing < ARP_LIFETIME;

const sentence = (who: string, ageing: number): string =>
  `${who} forgets a MAC after ${ageing} s, hosts keep their ARP entries up to ${ARP_LIFETIME} s`;
