import type { ControlRequest, KernelResults } from '../control/messages.js';
import { systemClock } from '../sys/clock.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';
import type { Output } from './output.js';

/** The arguments of a command that shows something, once or again and again. */
export interface LookArguments extends ConfigArguments {
  readonly json: boolean;
  readonly watch: boolean;
}

/** How to show what there is to see. */
interface View<Result> {
  /** The lines that people read. @param asked whether a daemon answered, or none runs: not that one was out of reach */
  readonly page: (result: Result, asked: boolean) => string[];
  /** Whether only what changed is worth a line where nobody looks at a screen. */
  readonly quiet: boolean;
}

/** Seconds between two looks of `--watch`. */
const INTERVAL = 1;

/**
 * Shows the answer to a request; with `--watch` again and again until `signal` aborts.
 * @returns the exit code
 * @throws BondheraldError when there is no answer
 */
export async function look<Op extends keyof KernelResults>(
  request: ControlRequest & { op: Op },
  { config, json, watch }: LookArguments,
  { page, quiet }: View<KernelResults[Op]>,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  let last = '';
  do {
    const { result, note } = await ask<Op>(request, config);
    if (signal.aborted) break;
    const seen = quiet && watch && (json || !output.redraws) ? JSON.stringify([result, note]) : null;
    if (seen !== null && seen === last) continue;
    last = seen ?? '';
    if (json) printJson(result, watch, output);
    else if (watch) output.page([...page(result, note === null), ...(note === null ? [] : [note])].join('\n'));
    else output.text(page(result, note === null).join('\n'));
    if (!json && !watch && note !== null) output.error(note);
  } while (watch && (await nextLook(signal)));
  return 0;
}

/** One document; of many, each on a line of its own. */
function printJson(document: object, watch: boolean, output: Output): void {
  if (watch) output.text(JSON.stringify(document));
  else output.json(document);
}

/** @returns false when `signal` aborted instead */
function nextLook(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const abort = (): void => {
      cancel();
      resolve(false);
    };
    const cancel = systemClock.after(INTERVAL, () => {
      signal.removeEventListener('abort', abort);
      resolve(true);
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
