/** The thread in which a target is tried: one that never ends, or takes all memory, is ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadTarget, type TargetName } from '../targets/index.js';
import type { Effort } from './target.js';
import { Trial } from './trial.js';
import { Window } from './window.js';

const { name, effort, memory } = workerData as { name: TargetName; effort: Effort; memory: SharedArrayBuffer };
const window = new Window(memory);
const target = await loadTarget(name);
const outcome = await new Trial(target, effort, (input) => window.show(input)).run();
await target.close?.();
parentPort?.postMessage(outcome);
