import { type Mac, parseMac } from '../addr/mac.js';
import { describeGuest } from '../guests/description.js';
import type { HostState } from '../guests/host-state.js';
import { byMacAndVlan } from '../guests/verdict.js';
import type { Slices } from '../tasks/slices.js';
import { servedBonds } from '../topology/bonds.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { GUESTS_SHOWN } from './page/guests.js';
import type { PageGuest, PageGuests, PageQuery } from './page/query.js';

/** One MAC may leave by so many ways that are shown: more would be one guest in a great many VLANs. */
const WAYS_SHOWN = 64;

/** Every so many guests it is looked whether the slice is over. */
const STEP = 16;

/** Where guests are looked up. */
export interface GuestLookup {
  readonly host: HostState;
  /** The guests of each bond as they are announced. */
  readonly bonds: ReadonlyMap<number, BondGuests>;
  /** Monotonic clock, seconds. */
  readonly now: number;
}

/**
 * One page of the guests that a query asks for, in order of MAC and VLAN, in slices. A page ends with a MAC, so that
 * the next one can begin after it whoever comes and goes meanwhile.
 */
export async function listGuests(lookup: GuestLookup, query: PageQuery, slices: Slices): Promise<PageGuests> {
  const chosen = new Map<number, string>();
  for (const { ifindex, name } of servedBonds(lookup.host.topology)) {
    if (query.bond === null || query.bond === name) chosen.set(ifindex, name);
  }
  const { macs, ...counts } = await findGuests(lookup, chosen, query, slices);
  const rows: PageGuest[] = [];
  let last: Mac | null = null;
  for (const mac of macs) {
    if (rows.length >= GUESTS_SHOWN) return { ...counts, rows, next: last };
    if (slices.isOver) await slices.pause();
    rows.push(...rowsOf(lookup, chosen, mac, query.guest).slice(0, WAYS_SHOWN));
    last = mac;
  }
  return { ...counts, rows, next: null };
}

/** The first MACs of a page and one more, and how many guests there are. */
async function findGuests(
  lookup: GuestLookup,
  chosen: ReadonlyMap<number, string>,
  { guest, after }: PageQuery,
  slices: Slices,
): Promise<{ macs: readonly Mac[]; matching: number; total: number }> {
  const beyond = parseMac(after ?? '') ?? '';
  const first = new Smallest<Mac>(GUESTS_SHOWN + 1);
  let [matching, total, steps] = [0, 0, 0];
  for (const [bond, guests] of lookup.bonds) {
    const all = [...guests.countBySource().values()].reduce((sum, some) => sum + some, 0);
    const name = chosen.get(bond);
    total += all;
    if (name === undefined) continue;
    if (guest === null) matching += all;
    for (const mac of guests.macs()) {
      if (++steps % STEP === 0 && slices.isOver) await slices.pause();
      const ways = guest === null ? null : rowsOf(lookup, new Map([[bond, name]]), mac, guest).length;
      matching += ways ?? 0;
      if (ways !== 0 && mac > beyond) first.add(mac);
    }
  }
  return { macs: first.inOrder, matching, total };
}

/** What there is to show of one MAC, in its order. @param text what has to occur in it; null: nothing */
function rowsOf(
  { host, bonds, now }: GuestLookup,
  chosen: ReadonlyMap<number, string>,
  mac: Mac,
  text: string | null,
): PageGuest[] {
  const rows = host
    .verdicts(mac)
    .sort(byMacAndVlan)
    .flatMap((verdict): PageGuest[] => {
      const bond = chosen.get(verdict.bond);
      if (bond === undefined) return [];
      const reason = bonds.get(verdict.bond)?.reasonFor(verdict) ?? verdict.suppressed;
      return [{ ...describeGuest(host, verdict, now, reason), bond }];
    });
  return text === null || mac.includes(text) ? rows : rows.filter((row) => hasText(row, text));
}

/** @param text in lower case */
function hasText({ vlan, port, guest, addresses }: PageGuest, text: string): boolean {
  if (vlan !== null && String(vlan) === text) return true;
  return [port, guest, ...addresses].some((each) => each?.toLowerCase().includes(text));
}

/** The smallest of many texts, each once, in their order. Bounded by how many are wanted. */
export class Smallest<Text extends string> {
  private readonly held: Text[] = [];

  /** @param most so many are kept */
  constructor(private readonly most: number) {}

  add(text: Text): void {
    const last = this.held.at(-1);
    if (this.held.length === this.most && last !== undefined && text >= last) return;
    let [from, to] = [0, this.held.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.held[middle] ?? '') < text) from = middle + 1;
      else to = middle;
    }
    if (this.held[from] === text) return;
    this.held.splice(from, 0, text);
    if (this.held.length > this.most) this.held.pop();
  }

  get inOrder(): readonly Text[] {
    return this.held;
  }
}
