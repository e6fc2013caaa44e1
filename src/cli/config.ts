import { CONFIG_FILE } from '../config/constants.js';
import { failureOf, SyscallError } from '../errors.js';
import { webConfigProblems } from '../http/web-access.js';
import { mustBeWritable } from '../sys/files/replaced-files.js';
import { settingsList, settingsText } from '../config/show.js';
import { loadConfig, type OverrideArguments } from './config-file.js';
import type { Output } from './output.js';

/**
 * Checks a configuration file with the files that it names, and says what of it this host does not go along with.
 * @param file the usual one when left out, without which the defaults hold
 * @returns the exit code
 * @throws UsageError when a file was named that is not there; ConfigError with everything that is wrong
 */
export async function configCheck(
  { file: named }: { readonly file?: string | undefined },
  output: Output,
): Promise<number> {
  const { config, file } = await loadConfig({ config: named }, { webConfig: webConfigProblems, textfile });
  output.text(file === null ? `the defaults: OK; there is no ${CONFIG_FILE}` : `${file}: OK`);
  if (config.failover.onCarrierLoss === false) return 0;
  for (const note of (await import('./carrier-loss-notes.js')).carrierLossNotes(config)) output.error(note);
  return 0;
}

/** What keeps whoever runs this from writing such a file. */
function textfile(file: string): string[] {
  const failure = failureOf(() => mustBeWritable(file));
  if (!(failure instanceof SyscallError)) return [];
  return [`${file}: cannot be written: ${failure.errno}; its folder must be there, and writable for the daemon`];
}

/**
 * Shows the values that a run with the same options would have, and where each comes from.
 * @returns the exit code
 * @throws ConfigError when the configuration is wrong
 */
export async function configShow(
  { json, ...args }: OverrideArguments & { readonly json: boolean },
  output: Output,
): Promise<number> {
  const { file, settings } = await loadConfig(args);
  if (json) output.json({ file, settings: settingsList(settings) });
  else output.text(settingsText(settings));
  return 0;
}
