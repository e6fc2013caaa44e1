/**
 * Values that are made from parts, and not made again as long as the parts are the same. Holds those that the last turn
 * took.
 */
export class Kept<T> {
  private before = new Map<string, { readonly parts: readonly unknown[]; readonly value: T }>();
  private now: typeof this.before = new Map();

  /** @returns the value of the turn before when `parts` are the very same, else a new one */
  take(key: string, parts: readonly unknown[], make: () => T): T {
    const held = this.before.get(key);
    const same = held?.parts.length === parts.length && held.parts.every((part, index) => part === parts[index]);
    const kept = same && held ? held : { parts, value: make() };
    this.now.set(key, kept);
    return kept.value;
  }

  /** Ends a turn: what it did not take is forgotten. */
  turn(): void {
    this.before = this.now;
    this.now = new Map();
  }
}
