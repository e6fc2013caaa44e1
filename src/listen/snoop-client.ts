import type { BondId } from '../topology/bond-id.js';
import { SnoopThreadError } from '../errors.js';
import type { Heard } from '../sources/heard.js';
import { Eventfd } from '../sys/eventfd.js';
import type { StartThread } from '../sys/process/thread.js';
import { ThreadHandle } from '../wire/thread-handle.js';
import type { FromSnoopThread, ToSnoopThread } from './snoop-messages.js';

/** What the listening thread reports. */
interface SnoopListener {
  /**
   * A bond's frames were heard.
   * @param batch each thing once, in the order in which they were heard last
   * @param at when the thread read them, on the monotonic clock, in seconds: some ms after they passed, more in a flood
   * @param arpLeft how many ARP frames left, also those that said the same
   */
  heard(bond: BondId, batch: readonly Heard[], at: number, arpLeft: number): void;
  /** So many frames said nothing. `reason` is a HeardIgnoreReason. */
  ignored(reason: string, count: number): void;
  /** So many frames came faster than they were read. */
  lost(count: number): void;
  /** A bond is heard in a way that costs its guests more, for the reason given: one line. */
  costly?(bond: BondId, reason: string): void;
}

/** The daemon's handle on the listening thread. */
export class SnoopClient {
  private eventfd: Eventfd | null = null;
  private readonly thread: ThreadHandle<ToSnoopThread, FromSnoopThread>;

  constructor(
    startThread: StartThread,
    private readonly listener: SnoopListener,
  ) {
    this.thread = new ThreadHandle(startThread, {
      name: 'the listening thread',
      url: new URL('./snoop-thread.js', import.meta.url),
      failure: SnoopThreadError,
      wake: () => this.eventfd?.signal(),
      report: (message) => this.report(message),
    });
  }

  /** Settles when the thread carries out orders. @throws SnoopThreadError when it ends before */
  get ready(): Promise<void> {
    return this.thread.ready;
  }

  /** Starts the thread, and ends it when `signal` aborts. @throws SnoopThreadError when an error ended it */
  async run(signal: AbortSignal): Promise<void> {
    const eventfd = new Eventfd();
    this.eventfd = eventfd;
    await this.thread.run(signal, eventfd.fd).finally(() => eventfd.close());
  }

  /** Listens on a bond from now on. @returns when the thread has answered: null, or why it cannot, in one line */
  watch(bond: BondId, members: readonly number[] | null = null, active: number | null = null): Promise<string | null> {
    return this.thread.ask({ type: 'watch', bond, members, active });
  }

  /** Another member of a bond of Open vSwitch is the active one. */
  activate(bond: BondId, active: number | null): void {
    this.thread.order({ type: 'active', bond, active });
  }

  /** These frames are about to leave by a bond of Open vSwitch: they prove nothing of a guest. */
  sending(bond: BondId, frames: readonly Uint8Array[]): void {
    this.thread.order({ type: 'sending', bond, frames });
  }

  /** Listens no more; what is on its way is still reported. */
  forget(bond: BondId): void {
    this.thread.order({ type: 'forget', bond });
  }

  private report(message: FromSnoopThread): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'costly':
        return this.listener.costly?.(message.bond, message.reason);
      case 'lost':
        return this.listener.lost(message.count);
      case 'heard': {
        this.thread.leave({ type: 'taken' });
        const { bond, heard, at, arpLeft, ignored } = message;
        if (heard.length > 0) this.listener.heard(bond, heard, at, arpLeft);
        for (const [reason, count] of Object.entries(ignored)) this.listener.ignored(reason, count);
      }
    }
  }
}
