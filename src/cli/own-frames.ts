import { hasOurForm, type SeenFrame } from './seen-frame.js';

/** What is broadcast comes back by the other links of the bond, within milliseconds; slow switches take a little longer. */
const RETURN_SECONDS = 2;
/** So many of ours are remembered: two first rounds of 1,000 guests, and then some. */
const MAX_REMEMBERED = 4096;

/** Tells which of the frames on a bond's links are our own. */
export class OwnFrames {
  /** When each of ours left, by its bytes; the oldest first. */
  private readonly left = new Map<string, number>();

  /**
   * Frames in order of their times.
   * @param way `ours` for what left with our mark
   * @param marked whether all that we send on this bond bears our mark: not on a bond of Open vSwitch, which sends for us
   * @returns null when it may be ours: it looks so and nobody can tell, or one of ours with the same bytes left just now
   */
  judge(
    way: 'in' | 'out' | 'ours',
    marked: boolean,
    time: number,
    bytes: Uint8Array,
    seen: SeenFrame,
  ): true | false | null {
    if (way === 'in') return this.cameBack(time, bytes) ? null : false;
    if (way === 'out' && (marked || !hasOurForm(bytes, seen))) return false;
    this.remember(time, bytes);
    return way === 'ours' ? true : null;
  }

  private cameBack(time: number, bytes: Uint8Array): boolean {
    const left = this.left.get(keyOf(bytes));
    return left !== undefined && Math.abs(time - left) <= RETURN_SECONDS;
  }

  private remember(time: number, bytes: Uint8Array): void {
    const key = keyOf(bytes);
    this.left.delete(key);
    this.left.set(key, time);
    const [oldest] = this.left.keys();
    if (this.left.size > MAX_REMEMBERED && oldest !== undefined) this.left.delete(oldest);
  }
}

const keyOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
