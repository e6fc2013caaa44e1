import { TaskEndedError } from '../errors.js';

/** A part of the daemon that runs until its signal aborts. */
export interface Task {
  readonly name: string;
  /** Settles when the task does its work. */
  readonly ready: Promise<void>;
  /** Runs until `signal` aborts, which is a normal return. @throws BondheraldError when it cannot go on */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs tasks, those that are not null, side by side until `signal` aborts or one of them fails; then ends the others.
 * @throws the error of the task that failed first
 */
export async function runTasks(
  wanted: readonly (Task | null)[],
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const tasks = wanted.filter((task) => task !== null);
  const stop = new AbortController();
  const runs = tasks.map((task) => runToTheEnd(task, AbortSignal.any([signal, stop.signal])));
  const allReady = Promise.all(tasks.map(({ ready }) => ready));
  allReady.then(onReady, () => undefined);
  try {
    await Promise.all([...runs, untilAborted(signal)]);
  } finally {
    stop.abort();
    await Promise.allSettled(runs);
  }
}

/** Runs a task until `signal` aborts. @throws its error; TaskEndedError when it ended before */
export async function runToTheEnd(task: Task, signal: AbortSignal): Promise<void> {
  await task.run(signal);
  if (!signal.aborted) throw new TaskEndedError(`${task.name} ended unexpectedly`);
}

/** Settles when `signal` aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
