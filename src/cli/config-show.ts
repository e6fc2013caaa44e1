import { settingsList, settingsText } from '../config/show.js';
import { loadConfig, type OverrideArguments } from './config-file.js';
import type { Output } from './output.js';

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
