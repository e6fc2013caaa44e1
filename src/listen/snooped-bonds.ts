import { BondheraldError } from '../errors.js';
import { drainEventfd } from '../sys/eventfd.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { snoopFilter } from '../kernel/bpf/snoop-filter.js';
import { readFrame } from '../sources/snoop.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import { waitForAny } from '../sys/poll.js';
import { ReceiveRing } from '../sys/packets/receive-ring.js';
import type { Owner } from '../sys/process/thread.js';
import { BatchOfHeard } from './heard-batch.js';
import { BondEar, type EarTools } from './bond-listener.js';
import { OvsBondEar } from './ovs-bond-listener.js';
import { KernelRequests } from './kernel-requests.js';
import {
  type FromSnoopThread,
  type HeardBatch,
  MAX_BATCHES_ON_THEIR_WAY,
  type ToSnoopThread,
  type WatchOrder,
} from './snoop-messages.js';

/** How many frames of a bond are read in a turn of the thread, of each direction. */
const FRAMES_A_TURN = 128;

/** The bonds that the listening thread hears, as its owner ordered. Bounded by the number of bonds on the host. */
export class SnoopedBonds {
  private readonly ears = new Map<number, BondEar | OvsBondEar>();
  private readonly tools: EarTools = {
    requests: new KernelRequests(),
    filter: encodeProgram(snoopFilter(OWN_FRAMES_MARK)),
    ring: new ReceiveRing(),
  };
  private readonly batch = new BatchOfHeard();
  private onTheirWay = 0;
  running = true;

  /**
   * @param now monotonic clock, seconds
   * @param orders an eventfd that the owner signals when it has an order
   */
  constructor(
    private readonly owner: Owner<ToSnoopThread, FromSnoopThread>,
    private readonly now: () => number,
    private readonly orders: number,
  ) {}

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
      else if (order.type === 'watch') this.watch(order);
      else this.follow(order);
    }
  }

  /**
   * Waits for frames or an order, at most so long, and tells the owner what the frames say.
   * @returns whether there were any
   */
  listen(milliseconds: number): boolean {
    const all = [...this.ears].map(([bond, ear]) => ({ bond, ear, descriptors: ear.descriptors }));
    const waitedFor = [this.orders, ...all.flatMap(({ descriptors }) => descriptors)];
    const patience = all.some(({ ear }) => waits(ear)) ? 0 : milliseconds;
    const speaking = new Set(waitForAny(waitedFor, patience));
    if (speaking.delete(this.orders)) drainEventfd(this.orders);
    this.takeOrders(); // what we were about to send is announced before it leaves
    for (const { bond, ear, descriptors } of all)
      if (this.ears.get(bond) === ear && (waits(ear) || descriptors.some((fd) => speaking.has(fd))))
        this.hear(bond, ear);
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

  private hear(bond: number, ear: BondEar | OvsBondEar): void {
    ear.hear(
      FRAMES_A_TURN,
      ({ bytes, direction, checksumReady }) => this.batch.add(readFrame(bytes, direction, checksumReady)),
      () => {
        const batch = this.batch.take();
        if (batch) this.tell(bond, this.now(), batch);
      },
    );
  }

  private tell(bond: number, at: number, batch: HeardBatch): void {
    this.onTheirWay++;
    this.owner.post({ type: 'heard', bond, at, ...batch });
  }

  private follow(order: ToSnoopThread & { type: 'active' | 'sending' }): void {
    const ear = this.ears.get(order.bond);
    if (!(ear instanceof OvsBondEar)) return;
    if (order.type === 'active') ear.active = order.active;
    else ear.sending(order.frames);
  }

  private watch({ bond, members, active }: WatchOrder): void {
    this.forget(bond);
    let error: string | null = null;
    try {
      const costly = (reason: string): void => this.owner.post({ type: 'costly', bond, reason });
      this.ears.set(bond, members ? this.ovsEar(members, active, costly) : new BondEar(bond, this.tools, costly));
    } catch (failure) {
      if (!(failure instanceof BondheraldError)) throw failure;
      error = failure.message;
    }
    this.owner.post({ type: 'watching', bond, error });
  }

  private ovsEar(members: readonly number[], active: number | null, costly: (reason: string) => void): OvsBondEar {
    const ear = new OvsBondEar(members, this.tools, costly, this.now);
    ear.active = active;
    return ear;
  }

  private forget(bond: number): void {
    this.ears.get(bond)?.close();
    this.ears.delete(bond);
  }
}

/** Whether an ear has something to say though none of its descriptors speaks. */
function waits(ear: BondEar | OvsBondEar): boolean {
  return ear instanceof OvsBondEar && ear.waits;
}
