import { CONFIG_FILE } from '../config/constants.js';
import { loadConfig } from './config-file.js';
import { checkWebConfig } from '../http/web-access.js';
import type { Output } from './output.js';

/**
 * Checks a configuration file.
 * @param file the usual one when left out, which then must be there
 * @returns the exit code
 * @throws ConfigError with everything that is wrong
 */
export async function configCheck(
  { file = CONFIG_FILE }: { file?: string | undefined },
  output: Output,
): Promise<number> {
  const { webConfig, page } = (await loadConfig({ config: file })).config.metrics;
  if (webConfig !== null) checkWebConfig(webConfig, page);
  output.text(`${file}: OK`);
  return 0;
}
