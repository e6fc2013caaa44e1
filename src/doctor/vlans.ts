import type { GuestDescription } from '../guests/description.js';
import { vlanMembership } from '../topology/bridge-port.js';
import { shellWord } from './commands.js';
import type { BridgeFacts, GuestFacts, UplinkFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** The guests that are cut off at one port, by VLAN. */
type CutOff = Map<number, GuestDescription[]>;

/** VLANs that guests are in and their bridge's way out is not a member of: a finding for each such port. */
export function checkVlans(bridges: readonly BridgeFacts[], guests: GuestFacts): Finding[] {
  const missing = new Map<string, CutOff>();
  for (const { bond, guests: behind } of guests.bonds) {
    for (const guest of behind.filter(({ reason }) => reason === 'vlan-not-on-uplink')) {
      const missingVlan = missingAt(waysOut(bridges, bond, guest, guests), guest, guests);
      if (!missingVlan) continue;
      const vlans: CutOff = missing.get(missingVlan.port) ?? new Map<number, GuestDescription[]>();
      const cutOff = vlans.get(missingVlan.vlan) ?? [];
      cutOff.push(guest);
      missing.set(missingVlan.port, vlans.set(missingVlan.vlan, cutOff));
    }
  }
  return [...missing].map(([port, vlans]) => finding(port, vlans));
}

/**
 * The ways by which a guest could leave by a bond: those of its port's bridge, or of any where that one has none because
 * it is behind another bridge. A VLAN device takes its VLAN off the bond before a bridge on the bond gets it.
 */
function waysOut(
  bridges: readonly BridgeFacts[],
  bond: string,
  { port }: GuestDescription,
  { ports }: GuestFacts,
): UplinkFacts[] {
  const leadOut = (bridge: BridgeFacts): UplinkFacts[] =>
    bridge.uplinks.filter((uplink) => uplink.bond === bond && uplink.vlans !== null);
  const own = bridges.filter(({ name }) => name === ports.get(port ?? '')?.bridge).flatMap(leadOut);
  const ways = own.length > 0 ? own : bridges.flatMap(leadOut);
  return ways.sort((one, other) => other.tags.length - one.tags.length);
}

/**
 * Which VLAN of which way out a guest lacks. Its outermost tag names the VLAN where the bond itself is the port; above
 * VLAN devices it names those, and the VLAN is the one of the guest's own port.
 */
function missingAt(
  ways: readonly UplinkFacts[],
  { vlan, port }: GuestDescription,
  { ports }: GuestFacts,
): { port: string; vlan: number } | null {
  for (const { name, tags, vlans } of ways) {
    if (tags.length > 0 && tags[0] !== vlan) continue;
    const lacking = tags.length === 0 ? vlan : ports.get(port ?? '')?.pvid;
    if (lacking != null && vlanMembership(vlans ?? [], lacking) === 'none') return { port: name, vlan: lacking };
  }
  return null;
}

function finding(port: string, vlans: CutOff): Finding {
  const ranges = rangesOf([...vlans.keys()]);
  const guests = [...vlans.values()].flat();
  const [example] = guests;
  return found('vlan-not-on-uplink', {
    subject: port,
    finding: `this uplink by a bond does not carry VLAN ${ranges.join(', ')}, which ${count(guests.length)} in: ${example?.mac} on ${example?.port ?? 'no port'}${guests.length > 1 ? ' and others' : ''}`,
    cure: ranges.map((range) => `bridge vlan add dev ${shellWord(port)} vid ${range}`).join(' && '),
  });
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
