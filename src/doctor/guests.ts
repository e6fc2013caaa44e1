import { type GuestDescription, limitWords } from '../guests/description.js';
import { vlanMembership } from '../topology/bridge-port.js';
import { shellWord } from './commands.js';
import type { BridgeFacts, GuestFacts, UplinkFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** A guest that a way out of its bridge keeps in. */
interface CutOff {
  readonly port: string;
  readonly vlan: number;
  readonly guest: GuestDescription;
}

/** VLANs that guests are in and their bridge's way out is not a member of: a finding for each such port. */
export function checkVlans(bridges: readonly BridgeFacts[], guests: GuestFacts): Finding[] {
  const missing = guests.bonds.flatMap(({ bond, guests: behind }) =>
    behind
      .filter(({ reason }) => reason === 'vlan-not-on-uplink')
      .flatMap((guest) => missingAt(waysOut(bridges, bond, guest, guests), guest, guests) ?? []),
  );
  const ports = new Set(missing.map(({ port }) => port));
  const at = (port: string): CutOff[] => missing.filter((each) => each.port === port);
  return [...ports].map((port) => finding(port, at(port)));
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
function missingAt(ways: readonly UplinkFacts[], guest: GuestDescription, { ports }: GuestFacts): CutOff | null {
  const { vlan, port } = guest;
  for (const { name, tags, vlans } of ways) {
    if (tags.length > 0 && tags[0] !== vlan) continue;
    const lacking = tags.length === 0 ? vlan : ports.get(port ?? '')?.pvid;
    if (lacking != null && vlanMembership(vlans ?? [], lacking) === 'none') return { port: name, vlan: lacking, guest };
  }
  return null;
}

function finding(port: string, cutOff: readonly CutOff[]): Finding {
  const ranges = rangesOf(new Set(cutOff.map(({ vlan }) => vlan)));
  const guests = cutOff.map(({ guest }) => guest);
  const [example] = guests;
  return found('vlan-not-on-uplink', {
    subject: port,
    finding: `this uplink by a bond does not carry VLAN ${ranges.join(', ')}, which ${count(guests.length)} in: ${example?.mac} on ${example?.port ?? 'no port'}${guests.length > 1 ? ' and others' : ''}`,
    cure: ranges.map((range) => `bridge vlan add dev ${shellWord(port)} vid ${range}`).join(' && '),
  });
}

const count = (guests: number): string => (guests === 1 ? 'a guest is' : `${guests} guests are`);

/** VLANs as `bridge` takes them, `7` or `10-12`, in order. */
function rangesOf(vlans: ReadonlySet<number>): string[] {
  const ranges: [number, number][] = [];
  for (const vlan of [...vlans].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && last[1] === vlan - 1) last[1] = vlan;
    else ranges.push([vlan, vlan]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
}

/**
 * Guests whose MAC came in by the bond as well. Which of the two is right no command can tell: it shows where the bridges
 * have the MAC now, and a frame of the guest that leaves by the bond settles it. Who only was heard is no bridge's.
 */
export function checkMoved({ bonds }: GuestFacts): Finding[] {
  return bonds.flatMap(({ bond, guests }) => {
    const moved = guests.filter(({ reason, source }) => reason === 'seen-on-uplink' && source !== 'heard');
    const [example] = moved;
    if (!example) return [];
    const { mac, port } = example;
    const macs = new Set(moved.map((guest) => guest.mac)).size;
    const whose = macs === 1 ? "a guest's MAC" : `the MACs of ${macs} guests`;
    const finding = `${whose} also came in by the bond: ${mac}${port === null ? '' : `, here on ${port}`}`;
    return [found('seen-on-uplink', { subject: bond, finding, cure: `bridge fdb show | grep -iF ${mac}` })];
  });
}

/** A macvtap by which the host's kernel speaks as well as its guest: nobody can keep it from that but by the cure. */
export function checkMacvtap(name: string): Finding {
  const finding = 'the host has IPv6 on this device of a guest, and speaks by it with the MAC of the guest';
  return found('macvtap-ipv6', {
    subject: name,
    finding,
    cure: `sysctl -w ${shellWord(`net/ipv6/conf/${name}/disable_ipv6=1`)}`,
  });
}

/** Limits that are met: who is behind the port, only a look at it tells. */
export function checkLimits({ limits }: GuestFacts): Finding[] {
  return limits.map(({ port, ...limit }) => {
    if (limit.reason === 'static-vlans') return staticRows(port, limitWords(limit));
    const cure =
      port === null ? `bridge fdb show | grep -iF ${limit.mac}` : `bridge fdb show brport ${shellWord(port)}`;
    return found('guest-limit', { subject: port ?? limit.mac, finding: limitWords(limit), cure });
  });
}

/** Where the guest speaks only the operator knows, as long as it is not heard: with fewer VLANs, the port says it. */
function staticRows(port: string | null, finding: string): Finding {
  const subject = port ?? 'no port';
  return found('static-rows', { subject, finding, cure: `bridge vlan show dev ${shellWord(subject)}` });
}
