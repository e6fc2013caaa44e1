import { setBond } from './bond-command.js';
import type { BondFacts, BondOptions } from './facts.js';
import type { Finding } from './finding.js';
import { SPANNING_TREE_UPDELAY } from './ovs.js';

/**
 * Whether a bond uses a link the moment it is back. An updelay needs miimon (bonding.rst): with ARP monitoring a port
 * that blocks lets no answer through anyway.
 */
export function takesLinksAtOnce({ miimon, updelay }: BondOptions): boolean {
  return miimon > 0 && updelay === 0;
}

/** Bonds that may go to a link which its switch still blocks. */
export function checkSpanningTree({ name, options, slaves }: BondFacts): Finding[] {
  if (options === null || !takesLinksAtOnce(options) || !slaves.some(({ bpdus }) => bpdus === true)) return [];
  // Without a primary it stays where it is when a link comes back, and goes there only when the other one fails so soon.
  const goesBack = options.primary !== null && options.primaryReselect !== 'failure';
  return [
    {
      id: 'bond-updelay',
      level: goesBack ? 'warning' : 'advice',
      subject: name,
      finding:
        'its switches speak spanning tree and it has no updelay; ports with portfast do too, so look how they are set',
      meaning:
        'a port without portfast takes nothing for 30 s after its link is back, and the bond does not wait for it',
      cure: setBond(name, `updelay ${SPANNING_TREE_UPDELAY}`),
    },
  ];
}
