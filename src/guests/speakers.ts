import type { Mac } from '../addr/mac.js';

/** So many MACs are held that are not known to be guests: the bridge's word may be on its way, or they are inventions. */
const MAX_STRANGERS = 1024;

/**
 * Something about each MAC that was heard. Bounded by `limit` MACs of guests and 1,024 others, of each of
 * which the one that spoke longest ago goes first: so inventing MACs pushes nobody else out.
 */
export class Speakers<T> {
  /** In the order in which they spoke last. */
  private readonly known = new Map<Mac, T>();
  private readonly strangers = new Map<Mac, T>();

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.known.size >= this.limit;
  }

  get(mac: Mac): T | undefined {
    return this.known.get(mac) ?? this.strangers.get(mac);
  }

  /**
   * A MAC has spoken.
   * @param isKnown whether it is known to be a guest's
   * @returns who has to go for it, and what was held of them
   */
  spoke(mac: Mac, isKnown: boolean, about: T): [Mac, T][] {
    this.delete(mac);
    const [map, limit] = isKnown ? [this.known, this.limit] : [this.strangers, MAX_STRANGERS];
    map.set(mac, about);
    const gone: [Mac, T][] = [];
    for (const [oldest, held] of map) {
      if (map.size <= limit) break;
      map.delete(oldest);
      gone.push([oldest, held]);
    }
    return gone;
  }

  delete(mac: Mac): void {
    this.known.delete(mac);
    this.strangers.delete(mac);
  }

  *entries(): Generator<[Mac, T]> {
    yield* this.known;
    yield* this.strangers;
  }
}
