import type { ControlRequest, KernelResults } from '../control/messages.js';
import { systemClock } from '../sys/clock.js';
import { Nap } from '../tasks/backoff.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';
import type { Output } from './output.js';

/** The arguments of a command that shows something, once or again and again. */
export interface LookArguments extends ConfigArguments {
  readonly json: boolean;
  readonly watch: boolean;
}

/** Seconds between two looks of `--watch`. */
const INTERVAL = 1;

/**
 * Shows the answer to a request; with `--watch` again and again until `signal` aborts.
 * @param page the lines that people read; `asked`: a daemon answered, or none runs: not that one was out of reach
 * @param quiet whether only what changed is worth a line where nobody looks at a screen
 * @returns the exit code
 * @throws BondheraldError when there is no answer
 */
export async function look<Op extends keyof KernelResults>(
  request: ControlRequest & { op: Op },
  { config, json, watch }: LookArguments,
  { page, quiet }: { readonly page: (result: KernelResults[Op], asked: boolean) => string[]; readonly quiet: boolean },
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const nap = new Nap(systemClock);
  signal.addEventListener('abort', () => nap.end(), { once: true });
  let last = '';
  do {
    const { result, note } = await ask<Op>(request, config);
    if (signal.aborted) break;
    const seen = quiet && watch && (json || !output.redraws) ? JSON.stringify([result, note]) : null;
    if (seen !== null && seen === last) continue;
    last = seen ?? '';
    if (json && watch) output.text(JSON.stringify(result));
    else if (json) output.json(result);
    else if (watch) output.page([...page(result, note === null), ...(note === null ? [] : [note])].join('\n'));
    else output.text(page(result, note === null).join('\n'));
    if (!json && !watch && note !== null) output.error(note);
  } while (watch && (await nap.sleep(INTERVAL).then(() => !signal.aborted)));
  return 0;
}
