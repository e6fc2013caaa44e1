/**
 * A map that has one or two entries nearly always, and then takes a third of the memory of a Map. In the order in which
 * keys came, as a Map. Who goes over it is given those that were there at the beginning and still are. No key and no value
 * is undefined.
 */
export class SmallMap<K, V> {
  // The first entry and the second, as long as there were never more; then all.
  private key: K | undefined;
  private value: V | undefined;
  private nextKey: K | undefined;
  private nextValue: V | undefined;
  private all: Map<K, V> | null = null;

  get size(): number {
    if (this.all) return this.all.size;
    return Number(this.key !== undefined) + Number(this.nextKey !== undefined);
  }

  get(key: K): V | undefined {
    if (this.all) return this.all.get(key);
    return this.key === key ? this.value : this.nextKey === key ? this.nextValue : undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): this {
    if (this.all) this.all.set(key, value);
    else if (this.key === undefined || this.key === key) [this.key, this.value] = [key, value];
    else if (this.nextKey === undefined || this.nextKey === key) [this.nextKey, this.nextValue] = [key, value];
    else {
      const held = [...this];
      this.clear();
      this.all = new Map([...held, [key, value]]);
    }
    return this;
  }

  delete(key: K): boolean {
    if (this.all) return this.all.delete(key);
    if (!this.has(key)) return false;
    if (this.key === key) [this.key, this.value] = [this.nextKey, this.nextValue];
    this.nextKey = this.nextValue = undefined;
    return true;
  }

  clear(): void {
    this.key = this.value = this.nextKey = this.nextValue = undefined;
    this.all = null;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    if (this.all) return yield* this.all;
    for (const key of [this.key, this.nextKey]) {
      const value = key === undefined ? undefined : this.get(key);
      if (key !== undefined && value !== undefined) yield [key, value];
    }
  }

  *keys(): Generator<K> {
    for (const [key] of this) yield key;
  }

  *values(): Generator<V> {
    for (const [, value] of this) yield value;
  }
}
