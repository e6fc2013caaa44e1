import type { LoadedConfig } from '../config/read-config.js';
import { type LogFormat, openLog } from '../sys/log.js';
import { Daemon } from './daemon.js';
import { Settings } from './settings.js';
import { type Reloads, thisHost } from './surroundings.js';

/**
 * Runs the daemon on this host until `signal` aborts.
 * @throws AlreadyRunningError when another daemon runs; BondheraldError when a part cannot go on
 */
export async function runDaemon(
  loaded: LoadedConfig & { readonly log: LogFormat },
  reloads: Reloads,
  signal: AbortSignal,
): Promise<void> {
  await Daemon.build(new Settings(loaded), thisHost(openLog(loaded.log), reloads)).run(signal);
}
