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
