import type { BondGuestList } from '../control/messages.js';
import { describeGuest } from '../guests/description.js';
import type { HostState } from '../guests/host-state.js';
import { byMacAndVlan, type SuppressReason, type Verdict } from '../guests/verdict.js';
import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Slices } from '../tasks/slices.js';
import { sortInSlices } from '../tasks/sorted.js';
import type { Bond } from '../topology/bonds.js';

/** Every so many guests it is looked whether the slice is over. */
const STEP = 16;

/** So many multicast groups of a guest are listed. */
const GROUPS_SHOWN = 16;

/** Where guests are looked up. */
export interface GuestsKnown {
  readonly host: HostState;
  /** Monotonic clock, seconds. */
  readonly now: number;
  /** Why a guest is not announced (null: it is), from who knows more than the verdict does. */
  readonly reasonFor?: (verdict: Verdict) => SuppressReason | null;
  /** The multicast groups that it was heard to report, from who listens. */
  readonly groupsOf?: (verdict: Verdict) => readonly Ip[];
}

/**
 * Everyone behind each of these bonds, in order of MAC and VLAN. Each MAC is judged once, however many bonds there are,
 * and in slices: guests may come and go meanwhile.
 * @param macs of whom; some may come twice
 */
export async function listGuests(
  { host, now, reasonFor = ({ suppressed }) => suppressed, groupsOf = () => [] }: GuestsKnown,
  bonds: readonly Pick<Bond, 'ifindex' | 'name'>[],
  macs: Iterable<Mac>,
  slices: Slices,
): Promise<BondGuestList[]> {
  const lists = new Map(
    bonds.map(({ ifindex, name }) => [ifindex, { bond: name, guests: [] as BondGuestList['guests'][number][] }]),
  );
  let before: Mac | null = null;
  let steps = 0;
  for (const mac of await inOrder(macs, slices)) {
    if (++steps % STEP === 0 && slices.isOver) await slices.pause();
    if (mac === before) continue;
    before = mac;
    for (const verdict of host.verdicts(mac).sort(byMacAndVlan))
      lists.get(verdict.bond)?.guests.push({
        ...describeGuest(host, verdict, now, reasonFor(verdict)),
        groups: groupsOf(verdict).slice(0, GROUPS_SHOWN),
      });
  }
  return [...lists.values()];
}

async function inOrder(macs: Iterable<Mac>, slices: Slices): Promise<Mac[]> {
  const all: Mac[] = [];
  for (const mac of macs) {
    if (all.push(mac) % STEP === 0 && slices.isOver) await slices.pause();
  }
  return sortInSlices(all, (a, b) => (a < b ? -1 : Number(a !== b)), slices);
}
