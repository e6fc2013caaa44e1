import { setBond } from './bond-command.js';
import type { BondFacts } from './facts.js';
import type { Finding } from './finding.js';

/** Options that confuse the switches or the bridge after a failover, or keep the host itself quiet. */
export function checkBondOptions({ name, options, hasAddresses }: BondFacts): Finding[] {
  if (options === null) return [];
  const findings: Finding[] = [];
  if (options.allSlavesActive) findings.push(allSlavesActive(name));
  if (options.numGratArp === 0) findings.push(noGratArp(name, hasAddresses));
  return findings;
}

function allSlavesActive(name: string): Finding {
  return {
    id: 'bond-all-slaves-active',
    level: 'warning',
    subject: name,
    finding: 'it takes frames from links that are not active: all_slaves_active is 1',
    meaning:
      "guests' broadcasts come back by the other link, and bridges learn their MACs there instead of behind them",
    cure: setBond(name, 'all_slaves_active 0'),
  };
}

/** The kernel announces what is on the bond and on VLAN devices above it; what is on bridges we announce. */
function noGratArp(name: string, hasAddresses: boolean): Finding {
  return {
    id: 'bond-no-grat-arp',
    level: hasAddresses ? 'warning' : 'advice',
    subject: name,
    finding: 'the kernel is told to announce nothing: num_grat_arp is 0',
    meaning: "the host's own addresses on the bond and on its VLAN devices stay dark until it speaks",
    cure: setBond(name, 'num_grat_arp 1'),
  };
}
