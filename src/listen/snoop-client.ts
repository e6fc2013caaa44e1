import { SnoopThreadError } from '../errors.js';
import type { Heard } from '../sources/heard.js';
import { Eventfd } from '../sys/eventfd.js';
import { startThread, type Thread } from '../sys/process/thread.js';
import { Deferred } from '../tasks/deferred.js';
import type { FromSnoopThread, ToSnoopThread } from './snoop-messages.js';

/** What the listening thread reports. */
export interface SnoopListener {
  /**
   * A bond's frames were heard.
   * @param batch each thing once, in the order in which they were heard last
   * @param at when the thread read them, on the monotonic clock, in seconds: some ms after they passed, more in a flood
   * @param arpLeft how many ARP frames left, also those that said the same
   */
  heard(bond: number, batch: readonly Heard[], at: number, arpLeft: number): void;
  /** So many frames said nothing. `reason` is a HeardIgnoreReason. */
  ignored(reason: string, count: number): void;
  /** So many frames came faster than they were read. */
  lost(count: number): void;
  /** A bond is heard in a way that costs its guests more, for the reason given: one line. */
  costly?(bond: number, reason: string): void;
}

const HAS_ENDED = 'the listening thread has ended';

/** The daemon's handle on the listening thread. */
export class SnoopClient {
  private readonly orders = new Eventfd();
  private readonly thread: Thread<ToSnoopThread, FromSnoopThread>;
  private readonly isReady = new Deferred();
  private readonly hasEnded = new Deferred();
  /** Those who wait for an answer, in the order of their orders. Bounded by the orders on their way. */
  private readonly waiting: ((error: string | null) => void)[] = [];
  private alive = true;

  constructor(private readonly listener: SnoopListener) {
    this.thread = startThread(new URL('./snoop-thread.js', import.meta.url), this.orders.fd);
    this.thread.onMessage = (message) => this.handle(message);
    this.thread.onExit = (error) => this.end(error);
  }

  /** Settles when the thread takes orders. @throws SnoopThreadError when it ends before */
  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  /** Settles when the thread has ended. @throws SnoopThreadError when an error ended it */
  get ended(): Promise<void> {
    return this.hasEnded.promise;
  }

  /** Listens on a bond from now on. @returns when the thread has answered: null, or why it cannot, in one line */
  watch(bond: number, members: readonly number[] | null = null, active: number | null = null): Promise<string | null> {
    if (!this.alive) return Promise.resolve(HAS_ENDED);
    this.order({ type: 'watch', bond, members, active });
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Another member of a bond of Open vSwitch is the active one. */
  activate(bond: number, active: number | null): void {
    this.order({ type: 'active', bond, active });
  }

  /** These frames are about to leave by a bond of Open vSwitch: they are no word of a guest's. */
  sending(bond: number, frames: readonly Uint8Array[]): void {
    this.order({ type: 'sending', bond, frames });
  }

  /** Listens no more; what is on its way is still reported. */
  forget(bond: number): void {
    this.order({ type: 'forget', bond });
  }

  /** Ends the thread. @returns when it has ended */
  async stop(): Promise<void> {
    this.order({ type: 'stop' });
    await this.ended;
  }

  private order(order: ToSnoopThread): void {
    this.thread.post(order);
    this.orders.signal();
  }

  private handle(message: FromSnoopThread): void {
    switch (message.type) {
      case 'ready':
        return this.isReady.resolve();
      case 'watching':
        return this.waiting.shift()?.(message.error);
      case 'costly':
        return this.listener.costly?.(message.bond, message.reason);
      case 'lost':
        return this.listener.lost(message.count);
      case 'heard': {
        this.thread.post({ type: 'taken' }); // only a thread that looks by itself waits for that
        const { bond, heard, at, arpLeft, ignored } = message;
        if (heard.length > 0) this.listener.heard(bond, heard, at, arpLeft);
        for (const [reason, count] of Object.entries(ignored)) this.listener.ignored(reason, count);
      }
    }
  }

  private end(error: Error | null): void {
    this.alive = false;
    this.orders.close();
    for (const answer of this.waiting.splice(0)) answer(HAS_ENDED);
    const failure = new SnoopThreadError(`the listening thread ended: ${error?.message ?? 'before it was ready'}`);
    this.isReady.reject(failure);
    if (error) this.hasEnded.reject(failure);
    else this.hasEnded.resolve();
  }
}
