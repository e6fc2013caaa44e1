/** A map of at most `limit` entries, in the order in which they were set last: the one that was set longest ago makes room. */
export class LruMap<K, V> extends Map<K, V> {
  constructor(private readonly limit: number) {
    super();
  }

  /** The entry is the latest from now on. */
  override set(key: K, value: V): this {
    this.put(key, value);
    return this;
  }

  /** As `set`. @returns the entries that had to make room */
  put(key: K, value: V): [K, V][] {
    this.delete(key);
    super.set(key, value);
    const gone: [K, V][] = [];
    for (const entry of this) {
      if (this.size <= this.limit) break;
      this.delete(entry[0]);
      gone.push(entry);
    }
    return gone;
  }

  /** Gives an entry another value, and leaves it in its place. */
  replace(key: K, value: V): void {
    if (this.has(key)) super.set(key, value);
  }
}
