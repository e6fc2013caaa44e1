import v8 from 'node:v8';
import { parentPort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import { FailoverThreadError } from '../../errors.js';

/** A thread as its owner sees it. In is the type of the messages to it. */
export interface Thread<In> {
  post(message: In): void;
}

/** What a thread tells its owner. Out is the type of the messages from it. */
export interface ThreadListener<Out> {
  message(message: Out): void;
  /** The thread ended, with the error that ended it, if one did. */
  exit(error: Error | null): void;
}

/**
 * Starts the module at `url` in a thread of its own, which may say when V8 collects (real-time.ts). From then on V8 keeps
 * compiled code that has not run for long: code for emergencies is not to be compiled in one.
 * @param data for the thread: its `dataOfThisThread`
 */
export function startThread<In, Out>(url: URL, listener: ThreadListener<Out>, data?: number): Thread<In> {
  return new UnownedThread(url).handOver(listener, data);
}

export type StartThread = typeof startThread;

/**
 * Threads that begin before it is known who is to own them, and with what: starting one takes as long as reading the
 * configuration does. Bounded by the modules that it is made for.
 */
export class ThreadsAhead {
  private readonly unowned: Map<string, UnownedThread>;

  constructor(urls: readonly URL[]) {
    this.unowned = new Map(urls.map((url) => [url.href, new UnownedThread(url)]));
  }

  /** As `startThread`; what the thread has said by now comes after the call. */
  readonly start: StartThread = (url, listener, data) => {
    const thread = this.unowned.get(url.href) ?? new UnownedThread(url);
    this.unowned.delete(url.href);
    return thread.handOver(listener, data);
  };

  /** Ends those that nobody has taken. */
  async endOthers(): Promise<void> {
    const others = [...this.unowned.values()];
    this.unowned.clear();
    await Promise.all(others.map((thread) => thread.end()));
  }
}

/** In what a thread gets with its start: whether its number is there, and the number. */
const [IS_THERE, DATA] = [0, 1];

class UnownedThread {
  private readonly words = new Int32Array(new SharedArrayBuffer(8));
  private readonly worker: Worker;
  /** What happened before there was a listener. */
  private readonly early: ((listener: ThreadListener<never>) => void)[] = [];
  private listener: ThreadListener<never> | null = null;

  constructor(url: URL) {
    v8.setFlagsFromString('--no-flush-bytecode');
    v8.setFlagsFromString('--expose-gc');
    this.worker = new Worker(url, { workerData: this.words });
    let failure: Error | null = null;
    this.worker.on('message', (message: unknown) => this.tell((listener) => listener.message(message as never)));
    this.worker.on('error', (error: Error) => (failure = error));
    this.worker.on('exit', () => this.tell((listener) => listener.exit(failure)));
  }

  handOver<In, Out>(listener: ThreadListener<Out>, data = 0): Thread<In> {
    this.words[DATA] = data;
    Atomics.store(this.words, IS_THERE, 1);
    Atomics.notify(this.words, IS_THERE);
    queueMicrotask(() => {
      this.listener = listener;
      for (const tell of this.early.splice(0)) tell(listener);
    });
    return { post: (message) => this.worker.postMessage(message) };
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private tell(what: (listener: ThreadListener<never>) => void): void {
    if (this.listener) what(this.listener);
    else this.early.push(what);
  }
}

/** The way back to the owner, for the module that runs in a thread. */
export interface Owner<In, Out> {
  post(message: Out): void;
  /** The messages that have arrived, without waiting for more. */
  received(): In[];
}

/** What the owner of this thread gives it; waits for that. */
export function dataOfThisThread(): number {
  const words = workerData as Int32Array;
  Atomics.wait(words, IS_THERE, 0);
  return words[DATA] ?? 0;
}

/** @throws FailoverThreadError when called outside a thread */
export function ownerOfThisThread<In, Out>(): Owner<In, Out> {
  const port = parentPort;
  if (!port) throw new FailoverThreadError('this module runs only as a thread of the daemon');
  return {
    post: (message) => port.postMessage(message),
    received() {
      const messages: In[] = [];
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        messages.push(next.message as In);
      }
      return messages;
    },
  };
}
