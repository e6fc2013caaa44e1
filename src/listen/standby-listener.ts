import { failureOf } from '../errors.js';
import { CrossCheck, type Evidence } from '../standby/cross-check.js';
import { openPacketReader, type PacketReader } from '../sys/packets/packet-reader.js';
import type { ReceiveRing } from '../sys/packets/receive-ring.js';
import type { JudgedFrame } from './echo-listener.js';

/** So many frames of a link are read in a turn of the thread; what floods it beyond that is not kept long, and told as lost. */
const FRAMES_A_TURN = 16;
const BUFFER_BYTES = 256 << 10;

/** What the listeners on all links share. */
export interface StandbyTools {
  /** A program of classic BPF. */
  readonly standbyFilter: Uint8Array;
  readonly ring: ReceiveRing;
  readonly now: () => number;
}

/** Listens on the links of one bond that are not active, and compares that with what passes the active one. */
export class StandbyListener {
  private readonly check = new CrossCheck();
  /** By link. Of a bond of Open vSwitch there are none: its members are listened on in any case. */
  private readonly readers = new Map<number, PacketReader>();

  /** @param deaf called with each link that cannot be listened on */
  constructor(
    private readonly tools: StandbyTools,
    private readonly deaf: (link: number, reason: string) => void,
  ) {}

  /** @param own whether it opens sockets of its own; else the owner calls `heard` */
  follow(active: number | null, links: readonly number[], own: boolean): void {
    for (const [link, reader] of this.readers) if (!links.includes(link) || !reader.isBound()) this.drop(link);
    for (const link of own ? links : []) if (!this.readers.has(link)) this.open(link);
    const heard = links.filter((link) => !own || this.readers.has(link));
    this.check.follow(active, heard, this.tools.now());
  }

  get descriptors(): number[] {
    return [...this.readers.values()].map(({ fd }) => fd);
  }

  read(): void {
    for (const [link, reader] of this.readers) reader.read(FRAMES_A_TURN, ({ bytes }) => this.heard(link, bytes));
  }

  heard(link: number, bytes: Uint8Array): void {
    this.check.heard(link, bytes, this.tools.now());
  }

  /** A frame passed the bond. Where hardware is to fill a checksum in, it is not the one that is heard elsewhere. */
  passed({ bytes, direction, checksumReady }: JudgedFrame): void {
    if (direction !== 'echo' && checksumReady) this.check.passed(bytes, direction, this.tools.now());
  }

  /** To be called each second. @param lost whether frames were lost lately that others read. @returns what is new */
  settle(lost: boolean): Evidence[] {
    const now = this.tools.now();
    for (const [link, reader] of this.readers) if (reader.drops() > 0) this.check.lost(link, now);
    if (lost) this.check.lost(null, now);
    this.check.settle(now);
    return this.check.takeNews();
  }

  close(): void {
    for (const link of [...this.readers.keys()]) this.drop(link);
  }

  private open(link: number): void {
    const { standbyFilter, ring } = this.tools;
    const failure = failureOf(() =>
      this.readers.set(link, openPacketReader(link, standbyFilter, ring, 'in', BUFFER_BYTES)),
    );
    if (failure) this.deaf(link, failure.message);
  }

  private drop(link: number): void {
    this.readers.get(link)?.close();
    this.readers.delete(link);
  }
}
