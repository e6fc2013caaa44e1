import { CONFIG_FILE } from '../config/constants.js';
import { settingsList, settingsText } from '../config/show.js';
import { loadConfig, type OverrideArguments } from './config-file.js';
import type { Output } from './output.js';

/**
 * Checks a configuration file, and says what of it this host does not go along with.
 * @param file the usual one when left out, which then must be there
 * @returns the exit code
 * @throws ConfigError with everything that is wrong
 */
export async function configCheck(
  { file = CONFIG_FILE }: { file?: string | undefined },
  output: Output,
): Promise<number> {
  const { config } = await loadConfig({ config: file });
  const { webConfig, page } = config.metrics;
  if (webConfig !== null) (await import('../http/web-access.js')).checkWebConfig(webConfig, page);
  output.text(`${file}: OK`);
  if (config.failover.onCarrierLoss === false) return 0;
  for (const note of (await import('./carrier-loss-notes.js')).carrierLossNotes(config)) output.error(note);
  return 0;
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
