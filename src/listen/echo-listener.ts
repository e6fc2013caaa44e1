import type { MirrorDevices } from '../kernel/bpf/tc-news-filter.js';
import { FrameBook } from '../sources/frame-book.js';
import type { Direction } from '../sources/snoop.js';
import type { ReadFrame } from '../sys/packets/packet-reader.js';
import type { BondListener } from './bond-listener.js';

/**
 * A frame that is back within so many seconds is an echo: far more than a loop outside takes, and less than a station
 * waits before it says the same again (1 s: RFC 5227 section 1.1, RFC 4861 section 10).
 */
const ECHO_WINDOW = 0.1;

/** What is said to be sent by way of a switch leaves within so many seconds. */
const RELAY_WINDOW = 5;

/** So many frames that came in wait for what left before them; of more, the oldest wait no longer. */
const WAITING = 1024;

/** A frame that passed a bond, and whether it is an echo of one that left. */
export type JudgedFrame = Omit<ReadFrame, 'direction'> & { readonly direction: Direction };

/**
 * Listens on a bond of the kernel, and knows the frames that come in though they have left by it a moment before: from a
 * switch port in VEPA mode (reflective relay), or a loop outside. An echo may be read before the frame itself, because
 * the two come from two sockets: so what came in is judged in the next turn, when all that left before it is read.
 */
export class EchoListener {
  private readonly left = new FrameBook(ECHO_WINDOW);
  private readonly waiting: ReadFrame[] = [];
  /** Frames of ours that come by a switch, which keeps no mark. */
  private relayed: FrameBook | null = null;

  constructor(
    private readonly listener: BondListener,
    private readonly now: () => number,
  ) {}

  /** Begins to listen. @throws BondheraldError when the bond cannot be listened on at all */
  open(): void {
    this.listener.open();
  }

  get descriptors(): number[] {
    return this.listener.descriptors;
  }

  /** Whether there is something to judge, or a socket to close, though no descriptor is readable. */
  get waits(): boolean {
    return this.waiting.length > 0 || this.listener.waits;
  }

  /** These frames of ours are about to leave: a mark keeps them from being heard leaving. @param relayed they have none */
  sending(frames: readonly Uint8Array[], relayed = false): void {
    for (const frame of frames) this.left.note(frame, this.now());
    if (!relayed) return;
    this.relayed ??= new FrameBook(RELAY_WINDOW);
    for (const frame of frames) this.relayed.note(frame, this.now());
  }

  /** As BondListener. */
  read(limit: number, handle: (frame: JudgedFrame) => void, done: () => void): void {
    const cameIn = this.waiting.splice(0);
    const mayHaveMore = this.listener.read(limit, (frame) => {
      if (frame.direction === 'in') this.waiting.push({ ...frame, bytes: frame.bytes.slice() });
      else {
        this.left.note(frame.bytes, this.now());
        if (!this.relayed?.has(frame.bytes, this.now())) handle(frame);
      }
    });
    done();
    if (mayHaveMore) this.waiting.unshift(...cameIn.splice(-WAITING));
    for (const frame of cameIn)
      handle(this.left.has(frame.bytes, this.now()) ? { ...frame, direction: 'echo' } : frame);
    done();
  }

  get devices(): MirrorDevices {
    return this.listener.devices;
  }

  urge(): void {
    this.listener.urge();
  }

  get due(): number {
    return this.listener.due;
  }

  look(): boolean {
    return this.listener.look();
  }

  drops(): number {
    return this.listener.drops();
  }

  close(): void {
    this.listener.close();
  }
}
