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
export function startThread<In, Out>(url: URL, listener: ThreadListener<Out>, data?: unknown): Thread<In> {
  v8.setFlagsFromString('--no-flush-bytecode');
  v8.setFlagsFromString('--expose-gc');
  const worker = new Worker(url, { workerData: data });
  let failure: Error | null = null;
  worker.on('message', (message: Out) => listener.message(message));
  worker.on('error', (error: Error) => (failure = error));
  worker.on('exit', () => listener.exit(failure));
  return { post: (message) => worker.postMessage(message) };
}

export type StartThread = typeof startThread;

/** The way back to the owner, for the module that runs in a thread. */
export interface Owner<In, Out> {
  post(message: Out): void;
  /** The messages that have arrived, without waiting for more. */
  received(): In[];
}

/** What this thread was started with. */
export function dataOfThisThread(): unknown {
  return workerData;
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
