import { BondheraldError } from '../errors.js';
import { FrameBook, isPlainRarp } from '../sources/frame-book.js';
import type { ReadFrame } from '../sys/packets/packet-reader.js';
import { BondEar, type EarTools } from './bond-listener.js';

/** Our own frames are read within so many seconds after we said that they would leave, a flood of others aside. */
const OWN_WINDOW = 5;

/** A frame that comes back by another member is back within so many seconds. */
const ECHO_WINDOW = 0.5;

/** So many frames that came in wait for what left before them; of more, the oldest wait no longer. */
const WAITING = 1024;

/** A member of a bond, and the ear on it. */
interface MemberEar {
  readonly member: number;
  readonly ear: BondEar;
}

/**
 * Hears a bond of Open vSwitch, by its members. What leaves by any of them leaves by the bond; what comes in counts on
 * the active member only, as Open vSwitch drops the rest (ofproto/bond.c:bond_check_admissibility). Its forwarding
 * carries no mark of ours, so our own frames are known by what we said that we would send, and RARPs of the kind that
 * it sends itself are no word of a guest's.
 */
export class OvsBondEar {
  private readonly ears: readonly MemberEar[];
  private readonly own = new FrameBook(OWN_WINDOW);
  private readonly left = new FrameBook(ECHO_WINDOW);
  private readonly waiting: ReadFrame[] = [];
  active: number | null = null;

  /**
   * @param members devices of the kernel
   * @param costly told why there is no mirror, once at the most
   * @throws BondheraldError when none of them can be heard
   */
  constructor(
    members: readonly number[],
    tools: EarTools,
    costly: (reason: string) => void,
    private readonly now: () => number,
  ) {
    let told = false;
    const tell = (reason: string): void => {
      if (!told) costly(reason);
      told = true;
    };
    const ears: MemberEar[] = [];
    const failures: BondheraldError[] = [];
    for (const member of members) {
      try {
        ears.push({ member, ear: new BondEar(member, tools, tell) });
      } catch (error) {
        if (!(error instanceof BondheraldError)) throw error;
        failures.push(error);
      }
    }
    if (ears.length === 0 && failures[0]) throw failures[0];
    this.ears = ears;
  }

  get descriptors(): number[] {
    return this.ears.flatMap(({ ear }) => ear.descriptors);
  }

  /** These frames are about to leave. */
  sending(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.own.note(frame, this.now());
  }

  /** Whether there is something to judge though no descriptor speaks. */
  get waits(): boolean {
    return this.waiting.length > 0;
  }

  /**
   * As BondEar's, for each member. What came in is judged when all has been read that left before it: the frame of which
   * it is the echo may have left by a member that is read later.
   */
  hear(limit: number, take: (frame: ReadFrame) => void, done: () => void): void {
    this.read(limit, take);
    if (this.waits) {
      const cameIn = this.waiting.splice(0);
      if (this.read(limit, take)) this.waiting.unshift(...cameIn.splice(-WAITING));
      done();
      for (const frame of cameIn) if (!this.left.has(frame.bytes, this.now())) take(frame);
    }
    done();
  }

  check(): void {
    for (const { ear } of this.ears) ear.check();
  }

  drops(): number {
    return this.ears.reduce((count, { ear }) => count + ear.drops(), 0);
  }

  close(): void {
    for (const { ear } of this.ears) ear.close();
  }

  /** Hands over what left and is its sender's word; keeps what came in. @returns whether more may be there that left */
  private read(limit: number, take: (frame: ReadFrame) => void): boolean {
    let more = false;
    for (const { member, ear } of this.ears) {
      const sort = (frame: ReadFrame): void => {
        if (frame.direction === 'out') this.hearLeaving(frame, take);
        else if (member === this.active) this.waiting.push({ ...frame, bytes: frame.bytes.slice() });
      };
      more = ear.hear(limit, sort) || more;
    }
    return more;
  }

  private hearLeaving(frame: ReadFrame, take: (frame: ReadFrame) => void): void {
    const now = this.now();
    this.left.note(frame.bytes, now);
    if (!this.own.has(frame.bytes, now) && !isPlainRarp(frame.bytes)) take(frame);
  }
}
