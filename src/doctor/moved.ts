import type { GuestFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/**
 * Guests whose MAC came in by the bond as well. Which of the two is right no command can tell: it shows where the bridges
 * have the MAC now, and a frame of the guest that leaves by the bond settles it.
 */
export function checkMoved({ bonds }: GuestFacts): Finding[] {
  return bonds.flatMap(({ bond, guests }) => {
    const moved = guests.filter(({ reason }) => reason === 'seen-on-uplink');
    const [example] = moved;
    if (!example) return [];
    const { mac, port } = example;
    const macs = new Set(moved.map((guest) => guest.mac)).size;
    const whose = macs === 1 ? "a guest's MAC" : `the MACs of ${macs} guests`;
    const finding = `${whose} also came in by the bond: ${mac}${port === null ? '' : `, here on ${port}`}`;
    return [found('seen-on-uplink', { subject: bond, finding, cure: `bridge fdb show | grep -iF ${mac}` })];
  });
}
