import { runDaemon } from '../daemon/daemon.js';
import { Settings } from '../daemon/settings.js';
import { systemClock } from '../sys/clock.js';
import { catchHangups } from '../sys/hangups.js';
import { openLog } from '../sys/log.js';
import { readRunOrder } from './run-config.js';

/**
 * The daemon in the foreground, until `signal` aborts. SIGHUP has it read its configuration again, by the same command line.
 * @param argv the command line, without the program's own name
 * @returns the exit code
 * @throws UsageError, ConfigError when the command line or the configuration is wrong
 */
export async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const hangups = catchHangups();
  const read = (until: AbortSignal) => readRunOrder(argv, until);
  const order = await read(signal);
  if (order)
    await runDaemon(new Settings(order), { hangups, read }, { log: openLog(order.log), clock: systemClock }, signal);
  return 0;
}
