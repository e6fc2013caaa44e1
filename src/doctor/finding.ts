/** A `warning` is to be fixed before the next failover; an `advice` makes the network better and can wait. */
type Level = 'warning' | 'advice';

/** Something about this host that will go wrong, or could go better, at a failover. */
export interface Finding {
  /** Stable: scripts may look for it. */
  readonly id: FindingId;
  readonly level: Level;
  /** The device, bridge or bond that it is about; of several, the first ones. */
  readonly subject: string;
  /** What is wrong: one line. */
  readonly finding: string;
  /** What happens at the next failover: one line. */
  readonly meaning: string;
  /** The command that cures it, or shows where to look when that takes a hand. */
  readonly cure: string;
}

const NO_OTHER_LINK = 'there is no other link to fail over to: when the last one fails, guests and host are cut off';
const FLOODED = 'traffic to a gateway that answers from another MAC is flooded to every guest';

/** Every finding there is, with its level and meaning. docs/doctor.md has a row for each. */
const KINDS = {
  'bond-no-monitoring': ['warning', 'the bond does not fail over: it goes on sending on a dead link'],
  'bond-slow-detection': ['warning', 'guests and host are cut off until the bond detects the dead link'],
  'bond-miimon': ['advice', 'guests and host are cut off for longer than need be'],
  'bond-carrier-loss': ['advice', 'it fails over when the kernel notices the dead link, and not at once'],
  'bond-arp-unvalidated': [
    'warning',
    'stray broadcasts keep a link up on which no target answers, so the bond may not fail over',
  ],
  'bond-updelay': [
    'advice',
    'a port without portfast blocks for 30 s after its link is back, and the bond does not wait for it',
  ],
  'bond-one-link': ['warning', NO_OTHER_LINK],
  'bond-all-slaves-active': [
    'warning',
    "guests' broadcasts come back on the other link, and bridges learn the guests' MACs there",
  ],
  'bond-no-grat-arp': [
    'advice',
    "the host's own addresses on the bond and its VLAN devices are unreachable until the host sends something",
  ],
  'bond-mode': [
    'advice',
    'nothing is announced: right if the switches aggregate the links; if they do not, guests go dark',
  ],
  'bond-aggregators': [
    'advice',
    'another aggregator takes over and guests move to its switch; while a daemon runs, they are announced there',
  ],
  'bond-aggregate': [
    'advice',
    'nothing is announced: LACP tells the switch which links to use, and it sends to the guests by those that are left',
  ],
  'bond-missing': ['warning', 'the guests behind it are not announced'],
  'bond-fail-over-mac': ['advice', "the links swap their MACs: the switches must relearn the host's MAC on both"],
  'slave-down': ['warning', NO_OTHER_LINK],
  'slave-no-carrier': ['warning', NO_OTHER_LINK],
  'slave-no-answer': ['warning', NO_OTHER_LINK],
  'bridge-ageing': ['advice', FLOODED],
  'bridge-mac': [
    'advice',
    "the host's addresses on it may move to another MAC, and be unreachable until its peers have learned it",
  ],
  'bridge-port-blocked': ['warning', 'guests do not leave by the bond, so they are not announced on it'],
  'bridge-fdb-full': [
    'warning',
    'guests that it has no room for are not announced, unless libvirt or the configuration names them',
  ],
  'bridge-port-learning': [
    'warning',
    'a guest that moved to another host goes unnoticed, and traffic to the outside reaches every guest',
  ],
  'vlan-not-on-uplink': [
    'warning',
    'these guests cannot be reached from outside and are not announced; exclude the VLAN if that is intended',
  ],
  'seen-on-uplink': [
    'warning',
    'not announced, because it may run elsewhere: if it runs here, let it send a frame; if not, remove its port',
  ],
  'macvtap-ipv6': [
    'advice',
    "the kernel tells all nodes with the guest's MAC and link-local address that it is no router: bad for one that is one",
  ],
  'listening-deaf': [
    'warning',
    'guests that returned are not trusted, and addresses that nobody else tells of are not announced',
  ],
  'listening-by-socket': ['advice', 'nothing is missed, but guests send up to 10 % fewer packets a second'],
  'listening-in-the-way': ['advice', 'Open vSwitch does not limit what comes in there, as it is configured to'],
  'standby-vlan-missing': ['warning', 'guests in these VLANs are cut off once this link is the active one'],
  'standby-vlan-apart': [
    'advice',
    'guests there may be cut off: another VLAN under the same tag, switches that do not join it, or a fabric that answers ARP itself',
  ],
  'standby-deaf': ['advice', 'whether the link carries the VLANs of guests shows only then'],
  'guest-limit': [
    'warning',
    'those that had no room are not announced: raise the limit if they are guests, else find out who invents them',
  ],
  'static-rows': [
    'advice',
    'not announced in a VLAN in which it has not spoken yet: give the port only the VLANs that its guest uses',
  ],
  'unexplained-speakers': [
    'warning',
    'they are unreachable until they send a frame; who they are and why they are left out, the list tells',
  ],
  'silent-guests': [
    'advice',
    'switches have forgotten them while gateways keep their ARP entries: what is sent to them is flooded, or dropped where nothing floods',
  ],
  'arp-rate': [
    'advice',
    'a guest that only gratuitous ARP makes reachable, as in routed fabrics, waits for its turn; RARP does not wait',
  ],
  'no-daemon': ['warning', 'no guest is announced: those that are silent are unreachable until they send a frame'],
  'daemon-capabilities': ['warning', 'the daemon does not work, or not well'],
  'daemon-privileges': ['advice', 'the first frames are late if the host is busy or has swapped them out'],
  'receive-buffer': [
    'warning',
    'kernel messages are lost when much changes at once, and everything has to be read again',
  ],
  'libvirt-unreadable': [
    'warning',
    'guests that have not spoken lately are unknown, and one that moved back here is not trusted',
  ],
  'proxmox-unreadable': ['advice', 'guests that have not sent a frame since the daemon started are unknown'],
  'libvirt-not-found': ['warning', 'guests that have not spoken lately are unknown'],
  'second-announcer': [
    'warning',
    'guests are announced twice, at twice the rate the switches tolerate, and perhaps some that moved away',
  ],
  'ovs-ageing': ['advice', FLOODED],
  'ovs-bond-updelay': [
    'warning',
    'at the failback, a switch port that blocks for spanning tree drops all traffic of the guests for up to 30 s',
  ],
  'ovs-mac-table-full': [
    'warning',
    'Open vSwitch does not announce guests that have no room in it, and they may be missing here too',
  ],
  'ovs-not-found': [
    'warning',
    'guests behind its bridges are unknown until they send, and its bonds are not announced',
  ],
  'ovs-unreadable': ['warning', 'guests behind its bridges are unknown, and its bonds are not announced'],
} as const satisfies Readonly<Record<string, readonly [Level, string]>>;

export type FindingId = keyof typeof KINDS;

/** What depends on the host. */
type Particulars = Pick<Finding, 'subject' | 'finding' | 'cure'> & Partial<Pick<Finding, 'level' | 'meaning'>>;

/** A finding with the level and meaning of its kind, unless others are given. */
export function found(id: FindingId, particulars: Particulars): Finding {
  const [level, meaning] = KINDS[id];
  const { subject, finding, cure } = particulars;
  return { id, level: particulars.level ?? level, subject, finding, meaning: particulars.meaning ?? meaning, cure };
}

/** So many subjects are named; of more, the rest is counted. */
const NAMED = 4;

/** Makes one finding of all that say the same of different subjects; its cure cures them all. In order of the first. */
export function mergeAlike(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const each of findings) {
    const key = JSON.stringify([each.id, each.level, each.finding, each.meaning]);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return [...groups.values()].map((group) => ({
    ...(group[0] as Finding),
    subject: namesOf(group.map(({ subject }) => subject)),
    cure: [...new Set(group.map(({ cure }) => cure))].join(' && '),
  }));
}

/** `br0, br1 and 98 more`. */
export function namesOf(names: readonly string[]): string {
  if (names.length <= NAMED) return names.join(', ');
  return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
}
