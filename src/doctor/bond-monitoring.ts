import { goodMonitoring, setBond } from './bond-command.js';
import type { BondFacts, BondOptions } from './facts.js';
import type { Finding, Level } from './finding.js';

/**
 * How long a bond may take to notice a dead link, in milliseconds. Up to 100 nobody notices: TCP waits at least 200
 * before it sends anything again (net/tcp.h: TCP_RTO_MIN).
 */
const GOOD_DETECTION = 100;

/** From here on timers of seconds run out: the heartbeats of clusters, VRRP (three times 1 s), health checks. */
const BAD_DETECTION = 1000;

/** Bonds that notice a dead link never, late, or only sometimes. */
export function checkMonitoring({ name, options }: BondFacts): Finding[] {
  if (options === null) return [];
  if (options.arpInterval > 0) return options.arpValidate === 'none' ? [unvalidated(name)] : [];
  return options.miimon === 0 ? [unmonitored(name)] : checkDetection(name, options);
}

function unmonitored(name: string): Finding {
  return {
    id: 'bond-no-monitoring',
    level: 'warning',
    subject: name,
    finding: 'nothing watches its links: miimon and arp_interval are 0',
    meaning: 'there is none: the bond goes on sending by a dead link',
    cure: setBond(name, goodMonitoring({ updelay: 0 })),
  };
}

function checkDetection(name: string, options: BondOptions): Finding[] {
  const detection = options.miimon + options.downdelay;
  if (detection <= GOOD_DETECTION) return [];
  const level: Level = detection >= BAD_DETECTION ? 'warning' : 'advice';
  return [
    {
      id: 'bond-slow-detection',
      level,
      subject: name,
      finding: `it may take ${detection} ms to notice a dead link: miimon ${options.miimon}, downdelay ${options.downdelay}`,
      meaning: `guests and host are cut off for up to ${detection} ms, before anybody can announce anything`,
      cure: setBond(name, goodMonitoring(options)),
    },
  ];
}

function unvalidated(name: string): Finding {
  return {
    id: 'bond-arp-unvalidated',
    level: 'warning',
    subject: name,
    finding: 'its ARP monitoring takes any frame for a sign of life: arp_validate is none',
    meaning: 'broadcasts that still arrive keep a link alive by which no target answers, so there may be no failover',
    cure: setBond(name, 'arp_validate all'),
  };
}
