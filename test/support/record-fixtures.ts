/**
 * Makes test/unit/fixtures anew: boots the lab, does what people do to bonds, and writes down what the kernel said.
 *
 *     node build/test/support/record-fixtures.js [--kernel 6.12] [NAME...]
 *
 * Another kernel than this machine's is that of a Debian that scripts/kernel-root.sh made, or runs in the emulator.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { bootUml } from '../lab/world/uml.js';
import { withKernel } from '../lab/world/worlds.js';
import { FIXTURE_NAMES, FIXTURES } from './fixtures.js';
import { MARK } from './record-inside.js';

const { values, positionals } = parseArgs({ options: { kernel: { type: 'string' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : [...FIXTURE_NAMES];
const inside = fileURLToPath(new URL('./record-inside.js', import.meta.url));
const world = values.kernel === undefined ? bootUml : withKernel(values.kernel);
// In the emulator all takes many times longer.
const { code, output, problem } = await world({
  command: [process.execPath, inside, ...names],
  timeoutMs: 30 * 60_000,
  env: { ARP_INTERVAL: values.kernel === '5.10' ? '500' : '100' },
});
if (code !== 0) throw new Error(problem ?? `recording ended with status ${String(code)}:\n${output.slice(-4000)}`);
const folder = new URL(`${values.kernel ?? '6.1'}/`, FIXTURES);
mkdirSync(folder, { recursive: true });
for (const line of output.split('\n')) {
  if (!line.startsWith(MARK)) continue;
  const [, name = '', json = ''] = /^\S+ (\S+) (.*)$/.exec(line) ?? [];
  writeFileSync(new URL(`${name}.json`, folder), await format(json, { parser: 'json', printWidth: 120 }));
}
