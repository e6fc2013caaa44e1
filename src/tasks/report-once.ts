/** Which problems have been reported: one that lasts is reported when it begins. Holds at most one reason a key. */
export class ReportOnce<K> {
  private readonly reasons = new Map<K, string>();

  /** There is a problem. @returns whether it is new, or has another reason than before */
  isNew(key: K, reason: string): boolean {
    if (this.reasons.get(key) === reason) return false;
    this.reasons.set(key, reason);
    return true;
  }

  /** It is over: the next one is new. */
  over(key: K): void {
    this.reasons.delete(key);
  }

  /** Forgets all others. */
  keepOnly(keys: { has(key: K): boolean }): void {
    for (const key of this.reasons.keys()) if (!keys.has(key)) this.reasons.delete(key);
  }
}
