import { BondheraldError } from '../errors.js';
import { openPacketSender, type PacketSender } from '../sys/packet-sender.js';
import type { Owner } from '../sys/thread.js';
import { BatchReader } from './batch-reader.js';
import { type BurstOutcome, sendBurst } from './burst.js';
import type { FirstRound, FromFailoverThread, ToFailoverThread } from './thread-messages.js';

interface WatchedBond {
  readonly sender: PacketSender;
  readonly batch: BatchReader;
}

/** What `announce` tells of a round. */
type Round = BurstOutcome & Pick<FirstRound, 'firstFrame' | 'lastFrame'>;

/** The bonds that the failover thread announces, as its owner ordered. Bounded by the number of bonds on the host. */
export class WatchedBonds {
  private readonly bonds = new Map<number, WatchedBond>();
  running = true;

  constructor(private readonly owner: Owner<ToFailoverThread, FromFailoverThread>) {}

  /** Carries out what the owner has asked for since the last call. */
  takeOrders(): void {
    for (const order of this.owner.received()) {
      if (order.type === 'stop') this.running = false;
      else if (order.type === 'forget') this.forget(order.bond);
      else this.watch(order);
    }
  }

  /**
   * Sends the first round of a bond.
   * @param sinceArrival seconds since the kernel's message arrived
   */
  announce(bond: number, pause: () => void, sinceArrival: () => number): Round {
    const watched = this.bonds.get(bond);
    const firstFrame = sinceArrival();
    const outcome = watched?.batch.read((messages, count) => sendBurst(watched.sender, messages, count, pause));
    return { ...(outcome ?? { sent: 0, errors: {} }), firstFrame, lastFrame: sinceArrival() };
  }

  close(): void {
    for (const bond of [...this.bonds.keys()]) this.forget(bond);
  }

  private watch({ bond, memory, capacity }: ToFailoverThread & { type: 'watch' }): void {
    this.forget(bond);
    let error: string | null = null;
    try {
      this.bonds.set(bond, { sender: openPacketSender(bond), batch: new BatchReader(memory, capacity) });
    } catch (failure) {
      if (!(failure instanceof BondheraldError)) throw failure;
      error = failure.message;
    }
    this.owner.post({ type: 'watching', bond, error });
  }

  private forget(bond: number): void {
    this.bonds.get(bond)?.sender.close();
    this.bonds.delete(bond);
  }
}
