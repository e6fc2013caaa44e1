import { BondheraldError } from '../errors.js';
import { encodeProgram } from '../sources/bpf/assembler.js';
import { snoopFilter } from '../sources/bpf/snoop-filter.js';
import { readFrame } from '../sources/snoop.js';
import { OWN_FRAMES_MARK } from '../sys/packet-sender.js';
import { waitForAny } from '../sys/poll.js';
import { ReceiveRing } from '../sys/receive-ring.js';
import type { Owner } from '../sys/thread.js';
import { BatchOfHeard } from './batch-of-heard.js';
import { BondEar, type EarTools } from './bond-ear.js';
import { KernelRequests } from './kernel-requests.js';
import {
  type FromSnoopThread,
  type HeardBatch,
  MAX_BATCHES_ON_THEIR_WAY,
  type ToSnoopThread,
} from './snoop-messages.js';

/** How many frames of a bond are read in a turn of the thread, of each direction. */
const FRAMES_A_TURN = 128;

/** The bonds that the listening thread hears, as its owner ordered. Bounded by the number of bonds on the host. */
export class SnoopedBonds {
  private readonly ears = new Map<number, BondEar>();
  private readonly tools: EarTools = {
    requests: new KernelRequests(),
    filter: encodeProgram(snoopFilter(OWN_FRAMES_MARK)),
    ring: new ReceiveRing(),
  };
  private readonly batch = new BatchOfHeard();
  private onTheirWay = 0;
  running = true;

  constructor(private readonly owner: Owner<ToSnoopThread, FromSnoopThread>) {}

  /** Whether the owner keeps up with what it is told. */
  get mayTell(): boolean {
    return this.onTheirWay < MAX_BATCHES_ON_THEIR_WAY;
  }

  /** Carries out what the owner has asked for since the last call. */
  takeOrders(): void {
    for (const order of this.owner.received()) {
      if (order.type === 'stop') this.running = false;
      else if (order.type === 'taken') this.onTheirWay--;
      else if (order.type === 'forget') this.forget(order.bond);
      else this.watch(order.bond);
    }
  }

  /** Waits for frames, at most so long, and tells the owner what they say. @returns whether there were any */
  listen(milliseconds: number, now: () => number): boolean {
    const all = [...this.ears].map(([bond, ear]) => ({ bond, ear, descriptors: ear.descriptors }));
    const speaking = new Set(
      waitForAny(
        all.flatMap(({ descriptors }) => descriptors),
        milliseconds,
      ),
    );
    for (const { bond, ear, descriptors } of all)
      if (descriptors.some((fd) => speaking.has(fd))) this.hear(bond, ear, now);
    return speaking.size > 0;
  }

  /** Tells the owner how many frames were lost since the last call. */
  tellLost(): void {
    let count = 0;
    for (const ear of this.ears.values()) count += ear.drops();
    if (count > 0) this.owner.post({ type: 'lost', count });
  }

  /** Puts right what somebody did to the means of hearing. */
  check(): void {
    for (const ear of this.ears.values()) ear.check();
  }

  close(): void {
    for (const bond of [...this.ears.keys()]) this.forget(bond);
    this.tools.requests.close();
  }

  private hear(bond: number, ear: BondEar, now: () => number): void {
    ear.hear(
      FRAMES_A_TURN,
      ({ bytes, direction, checksumReady }) => this.batch.add(readFrame(bytes, direction, checksumReady)),
      () => {
        const batch = this.batch.take();
        if (batch) this.tell(bond, now(), batch);
      },
    );
  }

  private tell(bond: number, at: number, batch: HeardBatch): void {
    this.onTheirWay++;
    this.owner.post({ type: 'heard', bond, at, ...batch });
  }

  private watch(bond: number): void {
    this.forget(bond);
    let error: string | null = null;
    try {
      const costly = (reason: string): void => this.owner.post({ type: 'costly', bond, reason });
      this.ears.set(bond, new BondEar(bond, this.tools, costly));
    } catch (failure) {
      if (!(failure instanceof BondheraldError)) throw failure;
      error = failure.message;
    }
    this.owner.post({ type: 'watching', bond, error });
  }

  private forget(bond: number): void {
    this.ears.get(bond)?.close();
    this.ears.delete(bond);
  }
}
