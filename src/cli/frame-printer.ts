import process from 'node:process';
import { LruMap } from '../lru-map.js';
import { systemClock } from '../sys/clock.js';
import type { LinkFrame } from './link-captures.js';
import type { Output } from './output.js';
import { hasOurForm, readSeen, type SeenFrame } from './seen-frame.js';
import { seenDocument, seenLine } from './seen-line.js';

/** What a reader that is too slow is kept of our output; what comes beyond that is left out and counted. */
const MAX_UNREAD_BYTES = 4 << 20;

/** Prints frames in the order in which they passed the links. */
export class FramePrinter {
  onDone: () => void = () => undefined;
  private readonly own = new OwnFrames();
  /** Those of this turn of the event loop: bounded by the buffers of the captures, and emptied after each turn. */
  private pending: LinkFrame[] = [];
  private linkWidth = 0;
  private marked = true;
  private shown = 0;
  private leftOut = 0;

  constructor(
    private readonly json: boolean,
    private readonly count: number,
    private readonly output: Output,
    private readonly unread: () => number = () => process.stdout.writableLength,
  ) {}

  /** @param marked whether all that we send there bears our mark */
  about(links: readonly string[], marked: boolean): void {
    this.linkWidth = Math.max(0, ...links.map(({ length }) => length));
    this.marked = marked;
  }

  add(frame: LinkFrame): void {
    if (this.pending.length === 0) systemClock.soon(() => this.print());
    this.pending.push(frame);
  }

  summary(dropped: number): string {
    const slow = this.leftOut > 0 ? `, ${this.leftOut} skipped because the output was too slow` : '';
    return `${this.shown} ${this.shown === 1 ? 'frame' : 'frames'}, ${dropped} dropped by the kernel${slow}`;
  }

  private print(): void {
    const frames = this.pending.sort((one, other) => one.time - other.time);
    this.pending = [];
    for (const frame of frames) this.printOne(frame);
    if (this.shown >= this.count) this.onDone();
  }

  private printOne({ time, bytes, link, way }: LinkFrame): void {
    const seen = readSeen(bytes);
    if (!seen || this.shown >= this.count) return;
    const ours = this.own.judge(way, this.marked, time, bytes, seen);
    if (this.unread() > MAX_UNREAD_BYTES) {
      this.leftOut++;
      return;
    }
    const sighted = { time, link, direction: way === 'in' ? 'in' : 'out', ours } as const;
    const line = this.json ? JSON.stringify(seenDocument(seen, sighted)) : seenLine(seen, sighted, this.linkWidth);
    this.output.text(line);
    this.shown++;
  }
}

/** What is broadcast comes back by the other links of the bond, within milliseconds; slow switches take a little longer. */
const RETURN_SECONDS = 2;
/** So many of ours are remembered: two first rounds of 1,000 guests, and then some. */
const MAX_REMEMBERED = 4096;

/** Tells which of the frames on a bond's links are our own. */
export class OwnFrames {
  /** When each of ours left, by its bytes. */
  private readonly left = new LruMap<string, number>(MAX_REMEMBERED);

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
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    if (way === 'in') return Math.abs(time - (this.left.get(key) ?? -Infinity)) <= RETURN_SECONDS ? null : false;
    if (way === 'out' && (marked || !hasOurForm(bytes, seen))) return false;
    this.left.set(key, time);
    return way === 'ours' ? true : null;
  }
}
