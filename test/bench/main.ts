/**
 * `make bench`: boots the lab, has it measure (inside.ts), and writes what it tells.
 *
 *     main.js [--quick] [--out FOLDER] [--against CHECKOUT or COMMIT] [SECTION...]
 *
 * docs/benchmarks.md is written by a whole run; one that is quick or leaves sections out writes to build/bench.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { directWorks, runDirect } from '../lab/world/direct.js';
import type { WorldResult } from '../lab/world/types.js';
import { bootUml } from '../lab/world/uml.js';
import { builds, checkoutOf } from './builds.js';
import { type BenchEvent, EventReader } from './events.js';
import { compileNative } from './native.js';
import { chart } from './report/chart.js';
import { markdown } from './report/markdown.js';
import { ProcessorShare } from './processor-share.js';
import type { Idle, Machine, Results } from './results.js';
import { SECTIONS } from './sections.js';
import { starts } from './start.js';

const TIMEOUT_MS = 120 * 60_000;
const MEMORY_MIB = 2048;
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const began = performance.now();

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, out: { type: 'string' }, against: { type: 'string' } },
});
const whole = asked.length === 0 && !values.quick;
const against = values.against === undefined ? null : checkoutOf(values.against, CHECKOUT);
const folder = values.out ?? join(CHECKOUT, whole ? 'docs' : 'build/bench');
const direct = directWorks();

const results: Partial<Results> = {};
let machine: Machine = { kernel: 'unknown', cpus: 0, node: process.version };
let failure: string | null = null;

const processor = new ProcessorShare();

/** What the daemon takes of a processor: the lab with it, less the lab without it. */
function withProcessor(idle: Idle): Idle {
  const [alone, together] = ['alone', 'guests'].map((what) => processor.between(`${idle.guests} ${what}`) ?? NaN);
  return { ...idle, cpuPercent: Math.max(0, (together ?? NaN) - (alone ?? NaN)) };
}

function take(event: BenchEvent): void {
  if (event.bench === 'machine') machine = event.machine;
  else if (event.bench === 'mark') processor.mark(event.name);
  else if (event.bench === 'failed') failure = event.message;
  else if (event.bench === 'result' && event.section === 'idle') results.idle = event.result.map(withProcessor);
  else if (event.bench === 'result') Object.assign(results, { [event.section]: event.result });
  else console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${event.text}`);
}

/** What the part in the lab has to know of the options. */
function optionsInside(): string[] {
  const other = against === null ? [] : [`--against=${against}`];
  return values.quick ? ['--quick', ...other] : other;
}

async function measureAll(reader: EventReader): Promise<WorldResult> {
  const inside = fileURLToPath(new URL('./inside.js', import.meta.url));
  const run = {
    command: [process.execPath, '--enable-source-maps', inside, ...optionsInside(), ...asked],
    timeoutMs: TIMEOUT_MS,
    onOutput: (text: string) => reader.feed(text),
  };
  return direct ? runDirect(run) : bootUml({ ...run, memory: MEMORY_MIB });
}

/** Writes the document, its picture, and the figures as they are. */
function write(): 0 {
  const world = direct ? 'network namespaces of the machine’s own kernel' : 'User Mode Linux';
  const setting = { ...machine, date: new Date().toISOString().slice(0, 10), world, quick: values.quick };
  const raw = join(CHECKOUT, 'build/bench');
  for (const each of [folder, raw]) mkdirSync(each, { recursive: true });
  writeFileSync(join(raw, 'results.json'), JSON.stringify({ setting, results }, null, 2));
  const picture = results.firstRound ? 'benchmarks.svg' : null;
  if (results.firstRound) writeFileSync(join(folder, 'benchmarks.svg'), chart(results.firstRound));
  const file = join(folder, 'benchmarks.md');
  writeFileSync(file, markdown(setting, results, picture));
  execFileSync(join(CHECKOUT, 'node_modules/.bin/prettier'), [
    '--log-level',
    'warn',
    '--ignore-path',
    '',
    '--write',
    file,
  ]);
  console.log(`\n${markdown(setting, results, null)}\nwritten: ${file}`);
  return 0;
}

async function main(): Promise<number> {
  const sections: string[] = ['start', ...SECTIONS];
  const unknown = asked.find((name) => !sections.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown}: a section is one of ${sections.join(', ')}`);
  if (asked.length === 0 || asked.includes('start')) {
    console.log('   0 s  start, on this machine’s own kernel');
    results.start = await starts(builds(against), values.quick ? 3 : 15);
    if (asked.length === 1) return write();
  }
  compileNative();
  const reader = new EventReader(take);
  const { problem, code } = await measureAll(reader);
  if (Object.keys(results).length > 0) write();
  if (problem === null && code === 0) return 0;
  console.error(`FAILED: ${problem ?? failure ?? 'the lab said nothing'}\n${reader.noise.slice(-20).join('\n')}`);
  return 1;
}

// The world ends with this process, by a handler of its exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
process.exitCode = await main();
