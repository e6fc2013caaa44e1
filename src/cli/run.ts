import { runDaemon } from '../daemon/daemon.js';
import { systemClock } from '../sys/clock.js';
import { openLog } from '../sys/log.js';
import { logArgument } from './arguments.js';
import { loadConfig, type OverrideArguments } from './config-file.js';

/** The arguments of `bondherald run`, as they were typed. */
export interface RunArguments extends OverrideArguments {
  readonly log?: string | undefined;
}

/**
 * The daemon in the foreground, until `signal` aborts.
 * @returns the exit code
 * @throws UsageError when an argument is none; ConfigError when the configuration is wrong
 */
export async function run(args: RunArguments, signal: AbortSignal): Promise<number> {
  const format = logArgument(args.log);
  const { config } = await loadConfig(args);
  await runDaemon(config, openLog(format), systemClock, signal);
  return 0;
}
