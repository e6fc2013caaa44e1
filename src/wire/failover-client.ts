import { FailoverThreadError } from '../errors.js';
import { echoRequest, KNOCK_SEQ } from '../kernel/requests.js';
import { sendBy } from '../sys/netlink/link-socket.js';
import { startThread, type Thread } from '../sys/process/thread.js';
import type { BatchWriter } from './batch-writer.js';
import { Deferred } from '../tasks/deferred.js';
import { Echoes } from './echoes.js';
import type {
  FirstRound,
  FirstRoundSettings,
  FromFailoverThread,
  LossReason,
  OrderCause,
  ToFailoverThread,
} from './thread-messages.js';

/** What the failover thread reports. */
export interface FailoverListener {
  failover(round: FirstRound): void;
  /** Nothing can leave by a bond any more: its run is over. */
  lost(bond: number, reason: LossReason): void;
  resync(reason: 'overrun' | 'truncated' | 'malformed'): void;
  /** Other processes may hold a failover up: the thread has no priority. @param reason the symbolic errno */
  delayable(reason: string): void;
  /** A bond cannot be announced; `error` is one line. */
  unwatched(bond: number, error: string): void;
}

/** Ends the thread's wait, for it to look what it has been ordered to do. */
const KNOCK = echoRequest(KNOCK_SEQ);

/** The daemon's handle on the failover thread. */
export class FailoverClient {
  private readonly thread: Thread<ToFailoverThread, FromFailoverThread>;
  /** The descriptor of the thread's link socket, while it is open. */
  private descriptor: number | null = null;
  private stopping = false;
  private readonly isReady = new Deferred();
  private readonly hasEnded = new Deferred();
  private readonly echoes = new Echoes(() => this.order({ type: 'echo' }));
  private readonly watching = new Map<number, () => void>();
  /** Those who wait until their settings hold, in the order of their orders. Bounded by the orders on their way. */
  private readonly configuring: (() => void)[] = [];
  /** Those who wait until a bond is forgotten, in the same way. */
  private readonly forgetting: (() => void)[] = [];

  constructor(private readonly listener: FailoverListener) {
    this.thread = startThread(new URL('./failover-thread.js', import.meta.url));
    this.thread.onMessage = (message) => this.handle(message);
    this.thread.onExit = (error) => this.end(error);
  }

  /** Settles when the thread knows where all bonds stand. @throws FailoverThreadError when it ends before */
  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  /** Settles when the thread has ended. @throws FailoverThreadError when an error ended it */
  get ended(): Promise<void> {
    return this.hasEnded.promise;
  }

  /** Announces `bond` from its batch from now on. @returns when the thread has answered */
  watch(bond: number, { memory, capacity }: BatchWriter, settings: FirstRoundSettings): Promise<void> {
    this.order({ type: 'watch', bond, memory, capacity, ...settings });
    return new Promise((resolve) => this.watching.set(bond, resolve));
  }

  /** Announces a bond now, as if it had failed over to `slave`. The thread tells of it as of a failover. */
  announce(bond: number, slave: number, cause: OrderCause): void {
    this.order({ type: 'announce', bond, slave, cause });
  }

  /** Announces all bonds in this way from now on. @returns when the thread does */
  configure(settings: FirstRoundSettings): Promise<void> {
    this.order({ type: 'configure', ...settings });
    return new Promise((resolve) => this.configuring.push(resolve));
  }

  /** Announces `bond` no more. @returns when the thread does not look at its batch any more */
  forget(bond: number): Promise<void> {
    this.order({ type: 'forget', bond });
    return new Promise((resolve) => this.forgetting.push(resolve));
  }

  /** Resolves when the kernel has answered over the thread's socket. */
  echo(): Promise<void> {
    return this.echoes.next();
  }

  /** Ends the thread. @returns when it has ended */
  async stop(): Promise<void> {
    this.order({ type: 'stop' });
    this.stopping = true;
    this.descriptor = null; // the thread closes it, and the number may be another's then
    await this.ended;
  }

  private order(order: ToFailoverThread): void {
    this.thread.post(order);
    this.knock();
  }

  private knock(): void {
    if (this.descriptor !== null) sendBy(this.descriptor, KNOCK);
  }

  private handle(message: FromFailoverThread): void {
    switch (message.type) {
      case 'ready':
        if (!this.stopping) this.descriptor = message.descriptor;
        this.knock(); // it may have got orders before we could
        if (message.delayable !== null) this.listener.delayable(message.delayable);
        return this.isReady.resolve();
      case 'failover':
        return this.listener.failover(message);
      case 'lost':
        return this.listener.lost(message.bond, message.reason);
      case 'forgotten':
        return this.forgetting.shift()?.();
      case 'configured':
        return this.configuring.shift()?.();
      case 'echo':
        return this.echoes.arrived();
      case 'resync':
        return this.listener.resync(message.reason);
      case 'watching':
        if (message.error !== null) this.listener.unwatched(message.bond, message.error);
        this.watching.get(message.bond)?.();
        this.watching.delete(message.bond);
    }
  }

  private end(error: Error | null): void {
    this.descriptor = null;
    for (const answered of [...this.watching.values(), ...this.configuring.splice(0)]) answered();
    if (!error) return this.hasEnded.resolve();
    const failure = new FailoverThreadError(`the failover thread ended: ${error.message}`);
    this.isReady.reject(failure);
    this.hasEnded.reject(failure);
  }
}
