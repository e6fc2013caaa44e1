/**
 * Which troubles have been told: one that lasts is told when it begins, not whenever it is met again. Holds a reason for
 * each key that is kept, at most.
 */
export class ToldOnce<K> {
  private readonly reasons = new Map<K, string>();

  /** A trouble is met. @returns whether it is new, or has another reason than before */
  isNews(key: K, reason: string): boolean {
    if (this.reasons.get(key) === reason) return false;
    this.reasons.set(key, reason);
    return true;
  }

  /** It is over: the next one is news. */
  over(key: K): void {
    this.reasons.delete(key);
  }

  /** Forgets all others. */
  keepOnly(keys: { has(key: K): boolean }): void {
    for (const key of this.reasons.keys()) if (!keys.has(key)) this.reasons.delete(key);
  }
}
