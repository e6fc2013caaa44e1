import { goodMonitoring, rebuildBond } from './bond-command.js';
import type { BondFacts } from './facts.js';
import type { Finding, Level } from './finding.js';

const INTERRUPTS = 'the cure takes the bond apart, and nothing passes it meanwhile';

const STATIC_AGGREGATION =
  'nothing is announced, which is right where the switches hold the links for one; if not, guests go dark';

const ONE_LINK_RECEIVES = 'guests get all by one link: when that fails nothing is announced, and they go dark';

/** What each mode without a failover of its own means to guests (bonding.rst); LACP tells the switch by itself. */
const OTHER_MODES: Readonly<Record<string, { level: Level; meaning: string }>> = {
  'balance-rr': { level: 'advice', meaning: STATIC_AGGREGATION },
  'balance-xor': { level: 'advice', meaning: STATIC_AGGREGATION },
  broadcast: { level: 'advice', meaning: STATIC_AGGREGATION },
  'balance-tlb': { level: 'warning', meaning: ONE_LINK_RECEIVES },
  'balance-alb': { level: 'warning', meaning: ONE_LINK_RECEIVES },
};

/** Bonds with guests whose mode knows no failover that could be announced. */
export function checkMode(bond: BondFacts): Finding[] {
  const mode = OTHER_MODES[bond.mode];
  if (mode === undefined || !bond.hasGuests) return [];
  return [
    {
      id: 'bond-mode',
      level: mode.level,
      subject: bond.name,
      finding: `its mode is ${bond.mode}, not active-backup; ${INTERRUPTS}`,
      meaning: mode.meaning,
      cure: rebuildBond(bond, `mode active-backup ${goodMonitoring({ updelay: bond.options?.updelay ?? 0 })}`),
    },
  ];
}

/** Bonds that are seen under another MAC after a failover. */
export function checkFailOverMac(bond: BondFacts): Finding[] {
  const policy = bond.options?.failOverMac ?? 'none';
  if (policy === 'none') return [];
  return [
    {
      id: 'bond-fail-over-mac',
      level: 'advice',
      subject: bond.name,
      finding: `its links keep MACs of their own: fail_over_mac is ${policy}; ${INTERRUPTS}`,
      meaning:
        policy === 'active'
          ? "the host's own MAC changes: its peers must learn every address of the host anew, one lost frame is enough"
          : 'the links swap their MACs: the switches must learn the MAC of the host anew on both',
      cure: rebuildBond(bond, 'fail_over_mac none'),
    },
  ];
}
