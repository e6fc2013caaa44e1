import type { GuestDescription } from '../guests/description.js';
import type { SuppressReason } from '../guests/verdict.js';
import { shellWord } from './commands.js';
import type { GuestFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** So many stations are named. */
const NAMED = 5;

/** Reasons that the network gives, and that go by themselves or are meant so: no failover goes wrong for them. */
const HARMLESS: ReadonlySet<SuppressReason> = new Set<SuppressReason>([
  'seen-on-uplink',
  'other-bond',
  'standby',
  'virtual-router',
]);

/**
 * Stations that were heard leaving by a bond, that no bridge, no source and no address of the host explains, and that are
 * not announced. Who the operator excluded is meant to be left out.
 */
export function checkSpeakers({ bonds }: GuestFacts): Finding[] {
  return bonds.flatMap(({ bond, guests }) => {
    const speakers = guests.filter(
      ({ source, reason }) => source === 'heard' && reason !== null && reason !== 'excluded',
    );
    if (speakers.length === 0) return [];
    const named = speakers.slice(0, NAMED).map(describe).join(', ');
    const more = speakers.length > NAMED ? ` and ${speakers.length - NAMED} more` : '';
    const count = speakers.length === 1 ? '1 station was' : `${speakers.length} stations were`;
    const harmless = speakers.every(({ reason }) => reason !== null && HARMLESS.has(reason));
    return [
      found('unexplained-speakers', {
        level: harmless ? 'advice' : 'warning',
        subject: bond,
        finding: `${count} heard leaving that nothing explains, and not announced: ${named}${more}`,
        cure: `bondherald guests ${shellWord(bond)}`,
      }),
    ];
  });
}

function describe({ mac, vlan, reason }: GuestDescription): string {
  return `${mac}${vlan === null ? '' : ` in VLAN ${vlan}`} (${reason})`;
}
