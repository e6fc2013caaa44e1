/** IEEE 802.1Q: so many VLANs there are. */
export const MAX_VLANS = 4094;

/**
 * How many places there is room for beyond the first of each MAC, where there may be `macs` MACs: half as many, and at
 * least one guest may be in every VLAN.
 */
export function furtherPlaces(macs: number): number {
  return Math.max(MAX_VLANS, macs >> 1);
}

/**
 * How much each of many holds of something that all share: the first of each is free, and there is room for `limit` more
 * in all. Knows at once who holds most, so that whoever is greedy costs himself. Bounded by who holds more than one.
 */
export class Shares<K> {
  private readonly counts = new Map<K, number>();
  /** Who holds so many, by that number. */
  private readonly holders: Set<K>[] = [];
  private beyondFirst = 0;

  constructor(private readonly limit: number) {}

  /** Whether there is no room for one more, the first of somebody aside. */
  get isFull(): boolean {
    return this.beyondFirst >= this.limit;
  }

  /** Whether there is more than there is room for. */
  get isOver(): boolean {
    return this.beyondFirst > this.limit;
  }

  /** How much somebody holds, at least one. */
  of(key: K): number {
    return this.counts.get(key) ?? 1;
  }

  /** Somebody holds so much from now on: of who holds one, or nothing, nothing is to be known. */
  set(key: K, count: number): void {
    const before = this.of(key);
    if (before === Math.max(count, 1)) return;
    this.beyondFirst += Math.max(0, count - 1) - (before - 1);
    this.holders[before]?.delete(key);
    if (count <= 1) return void this.counts.delete(key);
    this.counts.set(key, count);
    while (this.holders.length <= count) this.holders.push(new Set());
    this.holders[count]?.add(key);
  }

  /** Who holds most, and of several who came to it first; undefined when nobody holds more than one. */
  greediest(): K | undefined {
    for (;;) {
      const most = this.holders.at(-1);
      if (!most) return undefined;
      for (const key of most) return key;
      this.holders.pop();
    }
  }

  clear(): void {
    this.counts.clear();
    this.holders.length = 0;
    this.beyondFirst = 0;
  }
}

/**
 * Shares out so many places among groups: when all are taken, the newest of the group that has most makes room for a
 * newcomer of a smaller one. So whoever invents members of his group takes places from that group only. Holds `size`
 * members.
 */
export class Admission {
  private readonly groups = new Map<string, Set<string>>();
  private taken = 0;

  constructor(readonly size: number) {}

  get hasRoom(): boolean {
    return this.taken < this.size;
  }

  /** @returns null when there is room; else who has to go: another, or the newcomer itself */
  admit(member: string, group: string): string | null {
    const members = this.groups.get(group) ?? new Set<string>();
    let loser: string | null = null;
    if (!this.hasRoom) {
      const [name, most] = this.largest();
      const newest = [...most].at(-1);
      if (newest === undefined || most.size <= members.size + 1) return member;
      this.leave(newest, name);
      loser = newest;
    }
    this.groups.set(group, members.add(member));
    this.taken++;
    return loser;
  }

  /** A member goes; who was none changes nothing. */
  leave(member: string, group: string): void {
    const members = this.groups.get(group);
    if (!members?.delete(member)) return;
    this.taken--;
    if (members.size === 0) this.groups.delete(group);
  }

  private largest(): [string, ReadonlySet<string>] {
    let most: [string, ReadonlySet<string>] = ['', new Set()];
    for (const entry of this.groups) if (entry[1].size > most[1].size) most = entry;
    return most;
  }
}
