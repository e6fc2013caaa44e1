import { CONTROL_SOCKET } from '../config/constants.js';
import { ControlSocketError, UsageError } from '../errors.js';
import { askDaemon, NO_DAEMON } from './ask.js';
import type { LookArguments } from './look.js';
import type { Output } from './output.js';

/**
 * Writes the status page as a file would have it to stdout.
 * @returns the exit code
 * @throws UsageError with --json or --watch; ConfigError when a file that is named is wrong; ControlSocketError when no
 * daemon can be asked: it alone has the page
 */
export async function statusHtml(
  { config, json, watch }: LookArguments,
  output: Output,
  socket: string = CONTROL_SOCKET,
): Promise<number> {
  if (json || watch) throw new UsageError(`--html: not together with --${json ? 'json' : 'watch'}`);
  // The daemon has a configuration of its own; a mistake in a file that is named shows all the same.
  if (config !== undefined) await (await import('./config-file.js')).loadConfig({ config });
  const { html } = await askDaemon({ op: 'page' }, socket).catch((error: unknown) => {
    if (!(error instanceof ControlSocketError)) throw error;
    const why = NO_DAEMON.has(error.errno) ? 'no daemon runs' : error.message;
    throw new ControlSocketError(error.errno, `--html: the daemon makes the page, and cannot be asked: ${why}`);
  });
  output.text(html);
  return 0;
}
