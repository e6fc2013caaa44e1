import { Worker } from 'node:worker_threads';
import type { TargetName } from '../targets/index.js';
import type { Effort, Outcome } from './target.js';
import { Window } from './window.js';

/** An input that is read for so long, in seconds, will not end. */
const HANGS_AFTER = 30;

/** What a target may hold, its modules included. */
const HEAP_MEGABYTES = 256;

/**
 * Tries a target in a thread of its own, with bounded memory. An input that ends the thread, exhausts its memory or
 * never ends is a crasher as well.
 */
export function fuzz(name: TargetName, effort: Effort): Promise<Outcome> {
  const memory = Window.memory();
  const window = new Window(memory);
  const worker = new Worker(new URL('worker.js', import.meta.url), {
    workerData: { name, effort, memory },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
  const began = performance.now();
  return new Promise((resolve) => {
    let seen = -1;
    const end = (outcome: Outcome): void => {
      clearInterval(guard);
      resolve(outcome);
      void worker.terminate();
    };
    const crash = (error: string): void => {
      const took = (performance.now() - began) / 1000;
      end({ executions: window.count, took, crashers: [{ input: window.last, error }] });
    };
    const guard = setInterval(() => {
      if (window.count === seen) crash(`no end within ${HANGS_AFTER} s`);
      seen = window.count;
    }, HANGS_AFTER * 1000);
    worker.once('message', (outcome: Outcome) => end(outcome));
    worker.once('error', (error: unknown) =>
      crash(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    worker.once('exit', (code) => crash(`the thread ended with ${code}`));
  });
}
