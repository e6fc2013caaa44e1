/** `make bench`: boots the lab, has it measure (inside.ts), and writes what it tells. */
import { fileURLToPath } from 'node:url';
import { directWorks, runDirect } from '../lab/world/direct.js';
import { bootUml } from '../lab/world/uml.js';
import { EventReader } from './events.js';
import { compileNative } from './native.js';

const TIMEOUT_MS = 20 * 60_000;
const MEMORY_MIB = 2048;
const began = performance.now();

// The world ends with this process, by a handler of its exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

compileNative();
const reader = new EventReader((event) => {
  const at = ((performance.now() - began) / 1000).toFixed(1);
  if (event.bench === 'step') console.log(`${at} s: ${event.text}`);
  else if (event.bench === 'failed') console.log(`FAILED: ${event.message}`);
  else console.log(JSON.stringify(event.result).replaceAll('},', '},\n'));
});
const inside = fileURLToPath(new URL('./inside.js', import.meta.url));
const run = {
  command: [process.execPath, '--enable-source-maps', inside, ...process.argv.slice(2)],
  timeoutMs: TIMEOUT_MS,
  onOutput: (text: string) => reader.feed(text),
};
const result = directWorks() ? await runDirect(run) : await bootUml({ ...run, memory: MEMORY_MIB });
if (result.problem !== null) console.log(result.problem, reader.noise.join('\n'));
else if (result.code !== 0) console.log(reader.noise.join('\n'));
process.exitCode = result.code === 0 ? 0 : 1;
