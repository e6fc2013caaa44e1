import type { GuestFacts } from './facts.js';
import type { Finding } from './finding.js';

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
    return [
      {
        id: 'seen-on-uplink',
        level: 'warning',
        subject: bond,
        finding: `${macs === 1 ? 'the MAC of a guest' : `the MACs of ${macs} guests`} came in by the bond as well: ${mac}${port === null ? '' : `, here on ${port}`}`,
        meaning:
          'not announced, as it may run elsewhere: if it runs here have it send a frame, else take its port away',
        cure: `bridge fdb show | grep -iF ${mac}`,
      },
    ];
  });
}
