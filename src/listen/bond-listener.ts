import { BondheraldError, failureOf } from '../errors.js';
import { openPacketReader, type PacketReader, type ReadFrame } from '../sys/packets/packet-reader.js';
import type { ReceiveRing } from '../sys/packets/receive-ring.js';
import { BondMirror, type KernelRequests } from './bond-mirror.js';

/** How often a mirror that others removed is restored. */
const RENEWALS = 3;

/** What the listeners on all bonds share. */
export interface ListenerTools {
  readonly requests: KernelRequests;
  readonly filter: Uint8Array;
  readonly ring: ReceiveRing;
}

/**
 * Listens on one bond. What leaves comes from a mirror, because a socket on the bond would have the kernel copy every
 * frame that leaves; what comes in, from a socket on the bond. Without a mirror both come from the socket on the bond.
 */
export class BondListener {
  /** As OvsBondListener's: here a descriptor is readable whenever there is something to judge. */
  readonly waits = false;
  private readonly mirror: BondMirror;
  private readers: readonly PacketReader[] = [];
  private mirrored = false;
  private renewalsLeft = RENEWALS;

  /** @param costly called with the reason when there is no mirror, once at most */
  constructor(
    private readonly bond: number,
    private readonly tools: ListenerTools,
    private readonly costly: (reason: string) => void,
  ) {
    this.mirror = new BondMirror(tools.requests, bond);
  }

  /** Begins to listen. @throws BondheraldError when the bond cannot be listened on at all */
  open(): void {
    const failure = failureOf(() => this.openMirrored());
    if (failure) this.openPlain(failure.message);
  }

  /** What can be waited on. */
  get descriptors(): number[] {
    return this.readers.map(({ fd }) => fd);
  }

  /**
   * Hands over what there is, at most `limit` frames of each direction, and calls `done` after each. What left comes
   * first: of a guest's frame and its echo, or its migration, the echo counts. @returns whether more may have left
   */
  read(limit: number, handle: (frame: ReadFrame) => void, done: () => void = () => undefined): boolean {
    const counts = this.readers.map((reader) => {
      const count = reader.read(limit, handle);
      done();
      return count;
    });
    if (this.mirrored && this.readers[0]?.wentDown()) this.renew();
    return (counts[0] ?? 0) >= limit;
  }

  /** To be called now and then: others may have removed our filters, or put one before them. */
  check(): void {
    try {
      if (!this.mirrored || this.mirror.isWhole()) return;
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error; // not to be read, for example because the bond goes
    }
    this.renew();
  }

  /** How many frames were lost since the last call. */
  drops(): number {
    return this.readers.reduce((count, reader) => count + reader.drops(), 0);
  }

  close(): void {
    for (const reader of this.readers) reader.close();
    this.readers = [];
    if (this.mirrored) this.mirror.takeDown();
    this.mirrored = false;
  }

  private openMirrored(): void {
    this.readers = [this.reader(this.bond, 'in')];
    try {
      const dummy = this.mirror.setUp();
      this.mirrored = true;
      this.readers = [this.reader(dummy, 'out'), ...this.readers];
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private openPlain(reason: string): void {
    this.readers = [this.reader(this.bond, 'both')];
    this.costly(reason);
  }

  /** Others have removed a part of the mirror. */
  private renew(): void {
    this.close();
    // When this fails the bond is gone too, and soon forgotten.
    failureOf(() => {
      if (this.renewalsLeft-- > 0) this.open();
      else this.openPlain('another program keeps removing its filters');
    });
  }

  private reader(ifindex: number, hears: 'in' | 'out' | 'both'): PacketReader {
    return openPacketReader(ifindex, this.tools.filter, this.tools.ring, hears);
  }
}
