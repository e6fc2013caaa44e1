import { type BondheraldError, failureOf } from '../errors.js';
import { FrameBook, isPlainRarp } from '../sources/frame-book.js';
import type { ReadFrame } from '../sys/packets/packet-reader.js';
import type { MirrorDevices } from '../kernel/bpf/tc-news-filter.js';
import { type Hearing, HEARING_WAYS } from '../sources/hearing.js';
import { BondListener, type ListenerTools, type WantedHearing } from './bond-listener.js';

/** Our own frames are read within so many seconds after we said that they would leave, a flood of others aside. */
const OWN_WINDOW = 5;

/** A frame that comes back by another member is back within so many seconds. */
const ECHO_WINDOW = 0.5;

/** So many frames that came in wait for what left before them; of more, the oldest wait no longer. */
const WAITING = 1024;

/**
 * Listens on the members of a bond of Open vSwitch. What comes in counts on the active member only: Open vSwitch drops
 * the rest (ofproto/bond.c:bond_check_admissibility). What it forwards carries no mark of ours, so our own frames are
 * known by what `sending` announced, and RARPs like those that it sends itself prove nothing of a guest.
 */
export class OvsBondListener {
  /** By member. */
  private readonly listeners = new Map<number, BondListener>();
  private readonly own = new FrameBook(OWN_WINDOW);
  private readonly left = new FrameBook(ECHO_WINDOW);
  private readonly waiting: ReadFrame[] = [];
  /** How each member is heard. */
  private readonly hearings = new Map<number, Hearing>();
  private told: Hearing | null = null;
  /** Called with what comes in on members that are not active. */
  standby: (member: number, bytes: Uint8Array) => void = () => undefined;

  /** @param report called with each change of how it is heard: as the worst of its members is */
  constructor(
    private readonly members: readonly number[],
    public active: number | null,
    private readonly tools: ListenerTools,
    private readonly report: (hearing: Hearing) => void,
    private readonly wanted: WantedHearing = 'mirror',
  ) {}

  /** Begins to listen. @throws BondheraldError when no member can be listened on */
  open(): void {
    const failures: BondheraldError[] = [];
    for (const member of this.members) {
      const hears = (hearing: Hearing): void => this.memberHears(member, hearing);
      const listener = new BondListener(member, this.tools, hears, this.wanted);
      const failure = failureOf(() => listener.open());
      if (failure) failures.push(failure);
      else this.listeners.set(member, listener);
    }
    if (this.listeners.size === 0 && failures[0]) throw failures[0];
  }

  get descriptors(): number[] {
    return [...this.listeners.values()].flatMap(({ descriptors }) => descriptors);
  }

  /** These frames are about to leave. */
  sending(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.own.note(frame, this.tools.now());
  }

  /** Whether there is something to judge, or a socket to close, though no descriptor is readable. */
  get waits(): boolean {
    return this.waiting.length > 0 || [...this.listeners.values()].some(({ waits }) => waits);
  }

  /** As BondListener. What came in is judged last: what it echoes may have left by a member that is read later. */
  read(limit: number, handle: (frame: ReadFrame) => void, done: () => void): void {
    this.readMembers(limit, handle);
    if (this.waiting.length > 0) {
      const cameIn = this.waiting.splice(0);
      if (this.readMembers(limit, handle)) this.waiting.unshift(...cameIn.splice(-WAITING));
      done();
      for (const frame of cameIn) if (!this.left.has(frame.bytes, this.tools.now())) handle(frame);
    }
    done();
  }

  get devices(): MirrorDevices {
    const all = [...this.listeners.values()].map(({ devices }) => devices);
    return { bonds: all.flatMap(({ bonds }) => bonds), dummies: all.flatMap(({ dummies }) => dummies) };
  }

  urge(): void {
    for (const listener of this.listeners.values()) listener.urge();
  }

  get due(): number {
    return Math.min(...[...this.listeners.values()].map(({ due }) => due));
  }

  look(): boolean {
    for (const listener of this.listeners.values())
      if (listener.due <= this.tools.now() && listener.look()) return true;
    return false;
  }

  drops(): number {
    return [...this.listeners.values()].reduce((count, listener) => count + listener.drops(), 0);
  }

  close(): void {
    for (const listener of this.listeners.values()) listener.close();
  }

  /** Handles what left and was sent by a guest; keeps what came in. @returns whether more may be there that left */
  private readMembers(limit: number, handle: (frame: ReadFrame) => void): boolean {
    let more = false;
    for (const [member, listener] of this.listeners) {
      const sort = (frame: ReadFrame): void => {
        if (frame.direction === 'out') this.handleLeaving(frame, handle);
        else if (member === this.active) this.waiting.push({ ...frame, bytes: frame.bytes.slice() });
        else this.standby(member, frame.bytes);
      };
      more = listener.read(limit, sort) || more;
    }
    return more;
  }

  private handleLeaving(frame: ReadFrame, handle: (frame: ReadFrame) => void): void {
    const now = this.tools.now();
    this.left.note(frame.bytes, now);
    if (!this.own.has(frame.bytes, now) && !isPlainRarp(frame.bytes)) handle(frame);
  }

  private memberHears(member: number, hearing: Hearing): void {
    this.hearings.set(member, hearing);
    const all = [...this.hearings.values()];
    const worst = HEARING_WAYS.map((way) => all.findLast(({ how }) => how === way)).findLast(
      (each) => each !== undefined,
    );
    if (!worst || (worst.how === this.told?.how && worst.reason === this.told.reason)) return;
    this.told = worst;
    this.report(worst);
  }
}
