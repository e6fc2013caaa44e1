/** Numbers that look random and come again with the same seed (mulberry32, by Tommy Ettinger, public domain). */
export class Random {
  constructor(private state: number) {}

  /** A whole number of 32 bits. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `end` - 1; 0 when `end` is 0. */
  below(end: number): number {
    return end > 0 ? this.next() % end : 0;
  }

  /** One of `all`, which has at least one. */
  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }

  /** A length from 1 to `most`, short ones more often than long ones. */
  length(most: number): number {
    return 1 + this.below(Math.min(most, 1 << this.below(32 - Math.clz32(Math.max(1, most)))));
  }
}
