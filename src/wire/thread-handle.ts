import type { BondheraldError } from '../errors.js';
import { Eventfd } from '../sys/eventfd.js';
import type { StartThread, Thread } from '../sys/process/thread.js';
import { Deferred } from '../tasks/deferred.js';
import { untilAborted } from '../tasks/task.js';

/** What every thread reports, beside what is its own. */
export type ThreadReport =
  /** It carries out orders. */
  | { readonly type: 'ready' }
  /** An order that is answered has been carried out: null; or it cannot be, for the reason given in one line. */
  | { readonly type: 'answer'; readonly error: string | null };

/** What every thread may be ordered, beside what is its own. */
export type StopOrder = { readonly type: 'stop' };

/** What makes a thread of the daemon different from others. */
interface ThreadKind<Out> {
  /** For errors: `the failover thread`. */
  readonly name: string;
  readonly url: URL;
  readonly failure: new (message: string) => BondheraldError;
  /** Ends the thread's wait: there is an order. Without it the thread polls an eventfd, its `dataOfThisThread`. */
  wake?(): void;
  /** Handles a report, `answer` aside. */
  report(message: Out): void;
}

/**
 * The daemon's handle on a thread that waits in the kernel and carries out orders between two waits, first come, first
 * served, and answers them in the same order. Holds one entry an order that is not answered yet.
 */
export class ThreadHandle<In, Out extends { readonly type: string }> {
  private readonly isReady = new Deferred();
  /** Settles when the thread carries out orders. @throws `kind.failure` when it ends before */
  readonly ready = this.isReady.promise;
  private readonly hasEnded = new Deferred();
  private readonly unanswered: ((error: string | null) => void)[] = [];
  private thread: Thread<In | StopOrder> | null = null;
  private eventfd: Eventfd | null = null;
  private over = false;

  constructor(
    private readonly startThread: StartThread,
    private readonly kind: ThreadKind<Out>,
  ) {}

  /** Starts the thread, ends it when `signal` aborts, and waits for that. @throws `kind.failure` when an error ended it */
  async run(signal: AbortSignal): Promise<void> {
    if (!this.kind.wake) this.eventfd = new Eventfd();
    const listener = { message: (message: Out | ThreadReport) => this.handle(message), exit: this.end.bind(this) };
    this.thread = this.startThread<In | StopOrder, Out | ThreadReport>(this.kind.url, listener, this.eventfd?.fd);
    await Promise.race([this.hasEnded.promise, untilAborted(signal)]);
    this.order({ type: 'stop' });
    this.over = true;
    await this.hasEnded.promise;
  }

  /** Orders something that is not answered. Before the start and after the end it is dropped. */
  order(order: In | StopOrder): void {
    if (this.over || !this.thread) return;
    this.thread.post(order);
    this.wake();
  }

  /** Orders something for when the thread looks by itself. */
  leave(order: In): void {
    if (!this.over) this.thread?.post(order);
  }

  /** Orders something. @returns the answer: null, or why it cannot be done, in one line */
  ask(order: In): Promise<string | null> {
    if (this.over || !this.thread) return Promise.resolve(this.hasEndedLine);
    this.order(order);
    return new Promise((resolve) => this.unanswered.push(resolve));
  }

  private wake(): void {
    this.kind.wake?.();
    this.eventfd?.signal();
  }

  private get hasEndedLine(): string {
    return `${this.kind.name} has ended`;
  }

  private handle(message: Out | ThreadReport): void {
    if (isAnswer(message)) return this.unanswered.shift()?.(message.error);
    this.kind.report(message as Out);
    if (message.type !== 'ready') return;
    if (!this.over) this.wake(); // it may have got orders before it could be woken
    this.isReady.resolve();
  }

  private end(error: Error | null): void {
    this.over = true;
    this.eventfd?.close();
    for (const answer of this.unanswered.splice(0)) answer(this.hasEndedLine);
    const { name, failure } = this.kind;
    const reason = new failure(`${name} ended: ${error?.message ?? 'before it was ready'}`);
    this.isReady.reject(reason);
    if (error) this.hasEnded.reject(reason);
    else this.hasEnded.resolve();
  }
}

function isAnswer(message: { readonly type: string }): message is ThreadReport & { type: 'answer' } {
  return message.type === 'answer';
}
