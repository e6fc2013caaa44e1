import { freeze } from '../config/config.js';
import type { LoadedConfig } from '../config/read-config.js';
import { ConfigError, UsageError } from '../errors.js';
import type { LogFormat } from '../sys/log.js';
import { askProcess } from '../sys/process/child.js';
import { catchHangups } from '../sys/process/hangups.js';
import { ALL_NEEDED, gainNothingMore, keepOnly } from '../sys/process/privileges.js';
import { ThreadsAhead } from '../sys/process/thread.js';
import { moduleUrl } from '../sys/program.js';
import type { OverrideArguments } from './config-file.js';

/**
 * The daemon in the foreground, until `signal` aborts. SIGHUP has it read its configuration again, by the same command line.
 * @param argv the command line, without the program's own name
 * @returns the exit code
 * @throws UsageError, ConfigError when the command line or the configuration is wrong
 */
export async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const hangups = catchHangups(); // first: until then SIGHUP ends us
  gainNothingMore();
  keepOnly(ALL_NEEDED); // of all that root has; the threads that are to come inherit it
  const read = (until: AbortSignal) => readRunOrder(argv, until);
  const reading = read(signal);
  // The daemon is loaded, and its threads begin, while the other process reads: that takes as long.
  const threads = new ThreadsAhead(THREADS.map(moduleUrl));
  try {
    const [order, { runDaemon }] = await Promise.all([reading, import('../daemon/start.js')]);
    if (order) await runDaemon(order, { hangups, read }, threads, signal);
  } finally {
    await threads.endOthers();
  }
  return 0;
}

/** Those of every daemon; one that hears nothing ends the second. */
const THREADS = ['wire/failover-thread.js', 'listen/snoop-thread.js'];

/** The arguments of `bondherald run`, as they were typed. */
export interface RunArguments extends OverrideArguments {
  readonly log?: string | undefined;
}

/** What a run is to be like. */
type RunOrder = LoadedConfig & { readonly log: LogFormat };

/** What the process found. */
export type RunAnswer =
  { readonly order: RunOrder | null } | { readonly problems: readonly string[] } | { readonly usage: string };

/**
 * Reads the configuration of a run, but keeps nothing of what that takes: the libraries for the command line and the
 * file, which the daemon would hold on to for months, are loaded in a process that ends with the answer. Can be called
 * again, and then reads the file again.
 * @param argv the command line of `run`, without the program's own name
 * @param signal aborts when the program is to end
 * @returns what was found, frozen; null when the command line asks for help instead, or `signal` has aborted
 * @throws UsageError when the command line is wrong or names a file that is not there
 * @throws ConfigError when anything in the configuration is wrong
 */
export async function readRunOrder(argv: readonly string[], signal: AbortSignal): Promise<RunOrder | null> {
  const answer: RunAnswer = await askProcess<RunAnswer>(moduleUrl('cli/run-process.js'), argv).catch(
    (error: unknown) => {
      // What tells us to end from a terminal tells the other process as well.
      if (signal.aborted) return { order: null };
      throw error;
    },
  );
  if ('problems' in answer) throw new ConfigError(...answer.problems);
  if ('usage' in answer) throw new UsageError(answer.usage);
  return freeze(answer.order); // the copy that came over is not
}
