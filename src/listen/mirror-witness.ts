import { decodeEthernet } from '../frames/ethernet.js';
import { ETH_P_IPV6 } from '../frames/ipv6.js';
import { NEXT_HEADER_ICMPV6 } from '../frames/nd.js';
import { assemble, encodeProgram, pass } from '../kernel/bpf/assembler.js';
import { SNAP_LENGTH, watchFilter } from '../kernel/bpf/snoop-filter.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import { FrameBook } from '../sources/frame-book.js';
import { openPacketReader, type PacketReader } from '../sys/packets/packet-reader.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import type { ReceiveRing } from '../sys/packets/receive-ring.js';

/** For so many seconds after the programs are others it listens all the time; then for one look in each EVERY seconds. */
const AT_FIRST = 10;
const EVERY = 20;

/** A copy comes before the frame leaves, which may wait in a queue for so many seconds. */
const WINDOW = 10;

/** So many frames that left are compared at a look. */
const MOST_FRAMES = 256;

/** More copies between two looks are a flood, of which some may be lost. */
const MOST_COPIES = 1024;

const FILTER = encodeProgram([...watchFilter('out', OWN_FRAMES_MARK), ...assemble([pass(SNAP_LENGTH)])]);

/**
 * Compares what leaves a bond with what comes out of its mirror, now and then: a program before tc that keeps some frames
 * only keeps no frame by which the mirror is tried. Listens by a packet socket, which hears what has passed such programs
 * and costs guests more than the mirror. Bounded by MOST_FRAMES and the bound of a FrameBook.
 */
export class MirrorWitness {
  private reader: PacketReader | null = null;
  private programs: string | null = null;
  private since = -Infinity;
  private readonly copies = new FrameBook(WINDOW);
  private copiesSince = 0;
  /** What left, and was not compared yet. */
  private left: Uint8Array[] = [];

  /** @param isRead whether all that came out of the mirror has been read */
  constructor(
    private readonly bond: number,
    private readonly ring: ReceiveRing,
    private readonly now: () => number,
    private readonly isRead: () => boolean,
  ) {}

  /** This came out of the mirror. */
  copied(frame: Uint8Array): void {
    if (this.programs === null) return;
    this.copies.note(frame, this.now());
    this.copiesSince++;
  }

  /**
   * To be called each second.
   * @param programs those that may keep frames, as text; null: there are none
   * @returns whether a frame has left of which no copy came
   * @throws SyscallError when it cannot listen
   */
  hasMissed(programs: string | null): boolean {
    const now = this.now();
    if (programs !== this.programs) {
      this.close();
      [this.programs, this.since] = [programs, now];
    }
    this.take();
    const age = now - this.since;
    this.listen(programs !== null && (age < AT_FIRST || age % EVERY < 1));
    if (this.left.length > 0 && !this.isRead()) return false;
    return this.judge(now);
  }

  /** The mirror may not have been whole: what left since the last look is not compared. */
  forget(): void {
    this.take();
    this.left = [];
  }

  close(): void {
    this.listen(false);
    [this.programs, this.left, this.copiesSince] = [null, [], 0];
  }

  private take(): void {
    const room = MOST_FRAMES - this.left.length;
    if (room > 0) this.reader?.read(room, ({ bytes }) => void (isMirrored(bytes) && this.left.push(bytes.slice())));
  }

  private judge(now: number): boolean {
    const { left, copiesSince } = this;
    [this.left, this.copiesSince] = [[], 0];
    return copiesSince <= MOST_COPIES && left.some((frame) => !this.copies.has(frame, now));
  }

  private listen(wanted: boolean): void {
    if (wanted) this.reader ??= openPacketReader(this.bond, FILTER, this.ring, 'both');
    else {
      this.reader?.close();
      this.reader = null;
    }
  }
}

/** Whether the filters of a mirror copy such a frame: behind two tags at most, the inner of which is 802.1Q. */
function isMirrored(frame: Uint8Array): boolean {
  const { tags, etherType, payload } = decodeEthernet(frame);
  const isNd = etherType !== ETH_P_IPV6 || payload[6] === NEXT_HEADER_ICMPV6;
  return isNd && tags.length <= 2 && tags.slice(1).every(({ tpid }) => tpid === ETH_P_8021Q);
}
