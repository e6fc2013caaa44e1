import type { GuestDescription } from '../guests/description.js';
import { vlanMembership } from '../topology/vlan-membership.js';
import type { BridgeFacts, GuestFacts, UplinkFacts } from './facts.js';
import type { Finding } from './finding.js';
import { shellWord } from './shell-word.js';

/** The guests that are cut off at one port, by VLAN. */
type CutOff = Map<number, GuestDescription[]>;

/** VLANs that guests are in and their bridge's way out is not a member of: a finding for each such port. */
export function checkVlans(bridges: readonly BridgeFacts[], guests: GuestFacts): Finding[] {
  const uplinks = bridges.flatMap((bridge) => bridge.uplinks);
  const missing = new Map<string, CutOff>();
  for (const { bond, guests: behind } of guests.bonds) {
    for (const guest of behind.filter(({ reason }) => reason === 'vlan-not-on-uplink')) {
      const place = missingAt(uplinks, bond, guest, guests);
      if (!place) continue;
      const vlans: CutOff = missing.get(place.port) ?? new Map<number, GuestDescription[]>();
      missing.set(place.port, vlans.set(place.vlan, [...(vlans.get(place.vlan) ?? []), guest]));
    }
  }
  return [...missing].map(([port, vlans]) => finding(port, vlans));
}

/**
 * Which VLAN of which port a guest lacks. Its outermost tag names the VLAN where the bond itself is the port; above VLAN
 * devices it names those, and the VLAN is the one of the guest's own port.
 */
function missingAt(
  uplinks: readonly UplinkFacts[],
  bond: string,
  { vlan, port }: GuestDescription,
  { pvids }: GuestFacts,
): { port: string; vlan: number } | null {
  for (const uplink of uplinks.filter((each) => each.bond === bond && each.vlans !== null)) {
    if (uplink.tags.length > 0 && uplink.tags[0] !== vlan) continue;
    const lacking = uplink.tags.length === 0 ? vlan : pvids.get(port ?? '');
    if (lacking == null || vlanMembership(uplink.vlans ?? [], lacking) !== 'none') continue;
    return { port: uplink.name, vlan: lacking };
  }
  return null;
}

function finding(port: string, vlans: CutOff): Finding {
  const ranges = rangesOf([...vlans.keys()]);
  const guests = [...vlans.values()].flat();
  const [example] = guests;
  return {
    id: 'vlan-not-on-uplink',
    level: 'warning',
    subject: port,
    finding: `this way out by a bond does not carry VLAN ${ranges.join(', ')}, which ${count(guests.length)} in: ${example?.mac} on ${example?.port ?? 'no port'}${guests.length > 1 ? ' and others' : ''}`,
    meaning: 'they cannot be reached from outside, and are not announced; exclude the VLAN if that is intended',
    cure: ranges.map((range) => `bridge vlan add dev ${shellWord(port)} vid ${range}`).join(' && '),
  };
}

const count = (guests: number): string => (guests === 1 ? 'a guest is' : `${guests} guests are`);

/** VLANs as `bridge` takes them, `7` or `10-12`, in order. */
function rangesOf(vlans: readonly number[]): string[] {
  const ranges: [number, number][] = [];
  for (const vlan of [...vlans].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && last[1] === vlan - 1) last[1] = vlan;
    else ranges.push([vlan, vlan]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
}
