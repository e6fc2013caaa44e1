import { runDaemon } from '../daemon/daemon.js';
import { systemClock } from '../sys/clock.js';
import { openLog } from '../sys/log.js';
import { readRunOrder } from './run-config.js';

/**
 * The daemon in the foreground, until `signal` aborts.
 * @param argv the command line, without the program's own name
 * @returns the exit code
 * @throws UsageError, ConfigError when the command line or the configuration is wrong
 */
export async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const order = await readRunOrder(argv, signal);
  if (order) await runDaemon(order.config, openLog(order.log), systemClock, signal);
  return 0;
}
