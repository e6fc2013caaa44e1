import type { BondId } from '../topology/bond-id.js';
import { FailoverThreadError } from '../errors.js';
import { echoRequest, KNOCK_SEQ } from '../kernel/requests.js';
import { sendBy } from '../sys/netlink/link-socket.js';
import type { StartThread } from '../sys/process/thread.js';
import type { BatchWriter } from './batch-writer.js';
import { Echoes } from './echoes.js';
import type { DaemonEmitter } from './events.js';
import { ThreadHandle } from './thread-handle.js';
import type { FirstRoundSettings, FromFailoverThread, OrderCause, ToFailoverThread } from './thread-messages.js';

/** Ends the thread's wait, for it to look what it has been ordered to do. */
const KNOCK = echoRequest(KNOCK_SEQ);

/** The daemon's handle on the failover thread. */
export class FailoverClient {
  private readonly thread: ThreadHandle<ToFailoverThread, FromFailoverThread>;
  /** The descriptor of the thread's link socket, once it is open. */
  private descriptor: number | null = null;
  private readonly echoes = new Echoes(() => this.thread.order({ type: 'echo' }));

  /** @param watches whether a bond is to be announced: one that came and went has nobody behind it */
  constructor(
    startThread: StartThread,
    private readonly events: DaemonEmitter,
    private readonly watches: (bond: BondId) => boolean,
  ) {
    this.thread = new ThreadHandle(startThread, {
      name: 'the failover thread',
      url: new URL('./failover-thread.js', import.meta.url),
      failure: FailoverThreadError,
      wake: () => this.descriptor !== null && sendBy(this.descriptor, KNOCK),
      report: (message) => this.report(message),
    });
  }

  /** Settles when the thread knows where all bonds stand. @throws FailoverThreadError when it ends before */
  get ready(): Promise<void> {
    return this.thread.ready;
  }

  /** Starts the thread, and ends it when `signal` aborts. @throws FailoverThreadError when an error ended it */
  run(signal: AbortSignal): Promise<void> {
    return this.thread.run(signal);
  }

  /** Announces `bond` from its batch from now on. @returns when the thread has answered */
  watch(bond: BondId, { memory, capacity }: BatchWriter, settings: FirstRoundSettings): Promise<unknown> {
    return this.thread.ask({ type: 'watch', bond, memory, capacity, ...settings });
  }

  /** Announces a bond now, as if it had failed over to `slave`. The thread reports it as a failover. */
  announce(bond: BondId, slave: number, cause: OrderCause): void {
    this.thread.order({ type: 'announce', bond, slave, cause });
  }

  /** Announces all bonds in this way from now on. @returns when the thread does */
  configure(settings: FirstRoundSettings): Promise<unknown> {
    return this.thread.ask({ type: 'configure', ...settings });
  }

  /** Announces `bond` no more. @returns when the thread does not look at its batch any more */
  forget(bond: BondId): Promise<unknown> {
    return this.thread.ask({ type: 'forget', bond });
  }

  /** Resolves when the kernel has answered over the thread's socket. */
  echo(): Promise<void> {
    return this.echoes.next();
  }

  private report(message: FromFailoverThread): void {
    const { events } = this;
    switch (message.type) {
      case 'ready':
        this.descriptor = message.descriptor;
        if (message.delayable !== null) events.emit('delayable', message.delayable);
        return;
      case 'failover':
        return this.watches(message.bond) ? events.emit('failover', message) : undefined;
      case 'lost':
        return events.emit('lost', message.bond, message.reason);
      case 'unwatched':
        return events.emit('unwatched', message.bond, message.error);
      case 'resync':
        return events.emit('resync', message.reason);
      case 'echo':
        return this.echoes.arrived();
    }
  }
}
