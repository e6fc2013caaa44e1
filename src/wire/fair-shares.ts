import type { Mac } from '../addr/mac.js';
import type { Place } from '../plan/turns.js';
import { Shares } from '../shares.js';

/**
 * Who gives a place in a full batch up, and who waits for one: whoever has most yields to all who have less. Bounded by the
 * batch, and by the guests that are known.
 */
export class FairShares {
  /** How many places each MAC has that has several. */
  private readonly shares: Shares<Mac>;
  private readonly queue = new Map<string, Place>();

  /** @param capacity how many places there are */
  constructor(capacity: number) {
    this.shares = new Shares(capacity);
  }

  /** A MAC has so many places from now on. */
  hold(mac: Mac, count: number): void {
    this.shares.set(mac, count > 1 ? count : 0);
  }

  /** Who has to give one up for a MAC that has `count`; undefined: nobody has so much more. */
  loser(count: number): Mac | undefined {
    const most = this.shares.greediest();
    return most !== undefined && this.shares.of(most) > count + 1 ? most : undefined;
  }

  /** A place is wanted, and there is no room. @param key of its frame */
  wait(key: string, place: Place): void {
    this.queue.set(key, place);
  }

  /** It is not wanted any more, or there. */
  leave(key: string): void {
    this.queue.delete(key);
  }

  /** Those that wait, the one that came first first. */
  waiting(): Iterable<readonly [key: string, place: Place]> {
    return this.queue;
  }
}
