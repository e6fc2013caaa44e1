import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** scripts/bundle.js puts all into files of one folder, build/program; unit tests run what tsc makes, room by room. */
const isBundled = !import.meta.url.endsWith('/sys/program.js');

/**
 * Where the module is that a thread or a process of its own begins with.
 * @param module its path under src/, for example 'wire/failover-thread.js'; one of the entries in scripts/bundle.js
 */
export function moduleUrl(module: string): URL {
  return new URL(isBundled ? basename(module) : `../${module}`, import.meta.url);
}

const description = new URL(isBundled ? '../../package.json' : '../../../package.json', import.meta.url);
const { version } = createRequire(import.meta.url)(fileURLToPath(description)) as { version: string };

/** The version of this program, from its package.json. */
export const VERSION = version;
