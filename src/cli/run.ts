import { DEFAULTS } from '../config/defaults.js';
import { runDaemon } from '../daemon/daemon.js';
import { systemClock } from '../sys/clock.js';
import { openLog } from '../sys/log.js';

/**
 * The daemon in the foreground, until `signal` aborts.
 * @returns the exit code
 */
export async function run(signal: AbortSignal): Promise<number> {
  await runDaemon(DEFAULTS, openLog(), systemClock, signal);
  return 0;
}
