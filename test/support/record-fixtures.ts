/**
 * Makes test/unit/fixtures anew: boots the lab, does what people do to bonds, and writes down what the kernel said.
 *
 *     node build/test/support/record-fixtures.js [NAME...]
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { bootUml } from '../lab/world/uml.js';
import { FIXTURE_NAMES, FIXTURES } from './fixtures.js';
import { MARK } from './record-inside.js';

const names = process.argv.length > 2 ? process.argv.slice(2) : [...FIXTURE_NAMES];
const inside = fileURLToPath(new URL('./record-inside.js', import.meta.url));
const { code, output, problem } = await bootUml({ command: [process.execPath, inside, ...names], timeoutMs: 120_000 });
if (code !== 0) throw new Error(problem ?? `recording ended with status ${String(code)}:\n${output.slice(-4000)}`);
for (const line of output.split('\n')) {
  if (!line.startsWith(MARK)) continue;
  const [, name = '', json = ''] = /^\S+ (\S+) (.*)$/.exec(line) ?? [];
  writeFileSync(new URL(`${name}.json`, FIXTURES), await format(json, { parser: 'json', printWidth: 120 }));
}
