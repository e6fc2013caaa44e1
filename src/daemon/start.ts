import type { LoadedConfig } from '../config/read-config.js';
import { type LogFormat, openLog } from '../sys/log.js';
import type { ThreadsAhead } from '../sys/process/thread.js';
import { Daemon } from './daemon.js';
import { Settings } from './settings.js';
import { type Reloads, thisHost } from './surroundings.js';

/**
 * Runs the daemon on this host until `signal` aborts.
 * @param threads those that have begun already
 * @throws AlreadyRunningError when another daemon runs; BondheraldError when a part cannot go on
 */
export async function runDaemon(
  loaded: LoadedConfig & { readonly log: LogFormat },
  reloads: Reloads,
  threads: ThreadsAhead,
  signal: AbortSignal,
): Promise<void> {
  await Daemon.build(new Settings(loaded), thisHost(openLog(loaded.log), reloads, threads)).run(signal);
}
