/** Who waits for what: the frame of a guest, or of one of its addresses. */
export interface Waiting {
  readonly id: string;
}

/**
 * Those who wait for their turn, each once, in the order in which they came. Whoever had a turn and comes again stands
 * behind everyone else, so the last one gets a turn too. Bounded by the guests and addresses of a bond.
 */
export class TurnQueue<T extends Waiting> {
  private readonly waiting = new Map<string, T>();
  /** Goes along with `waiting`, so that finding the first does not step over all who have left. */
  private order = this.waiting.values();
  private first: T | undefined;
  /** Those who were called and could not be served: the next one last. */
  private readonly calledBefore: T[] = [];

  get size(): number {
    return this.waiting.size + this.calledBefore.length;
  }

  /** Stands at the end of the queue, unless it waits already. */
  join(who: T): void {
    if (this.calledBefore.some(({ id }) => id === who.id) || this.waiting.has(who.id)) return;
    this.waiting.set(who.id, who);
  }

  /** Whose turn is next. */
  head(): T | undefined {
    const called = this.calledBefore.at(-1);
    if (called || this.waiting.size === 0) return called;
    return (this.first ??= this.nextInOrder());
  }

  /** The head has had its turn. */
  shift(): void {
    if (this.calledBefore.pop()) return;
    if (this.first) this.waiting.delete(this.first.id);
    this.first = undefined;
  }

  /** Those who were called, in the order in which they were, and could not be served: they are next. */
  putBack(called: readonly T[]): void {
    this.calledBefore.push(...[...called].reverse().filter(({ id }) => !this.waiting.has(id)));
  }

  /** Nobody waits any more. */
  clear(): void {
    this.waiting.clear();
    this.first = undefined;
    this.calledBefore.length = 0;
  }

  private nextInOrder(): T | undefined {
    const next = this.order.next();
    if (!next.done) return next.value;
    this.order = this.waiting.values(); // an iterator that has ended does not see who came after
    return this.order.next().value;
  }
}
