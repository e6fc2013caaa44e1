import { runDaemon } from '../daemon/daemon.js';
import { systemClock } from '../sys/clock.js';
import { openLog } from '../sys/log.js';
import { loadConfig, type OverrideArguments } from './config-file.js';

/**
 * The daemon in the foreground, until `signal` aborts.
 * @returns the exit code
 * @throws ConfigError when the configuration is wrong
 */
export async function run(args: OverrideArguments, signal: AbortSignal): Promise<number> {
  const { config } = await loadConfig(args);
  await runDaemon(config, openLog(), systemClock, signal);
  return 0;
}
