/** The lab's launcher: `node build/test/lab/run.js [--world uml|direct|smp2|service | --kernel 6.12] [--jobs N] [--timeout S] [--seed N] [FILES...]`. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runTestFile, type FileResult } from './world/testfile.js';
import { bestWorld, EMULATED, withKernel, WORLDS, type WorldName } from './world/worlds.js';
import { runMain } from '../support/main.js';

const HERE = dirname(fileURLToPath(import.meta.url));

interface Options {
  world: WorldName;
  /** The kernel there; null for that of this machine's Debian. */
  kernelVersion: string | null;
  jobs: number;
  timeoutMs: number;
  /** For the tests that leave things to chance. */
  env: Readonly<Record<string, string>>;
  files: string[];
}

function readOptions(argv: string[]): Options {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      world: { type: 'string' },
      kernel: { type: 'string' },
      jobs: { type: 'string' },
      timeout: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const world =
    values.world ?? (values.kernel === undefined ? bestWorld() : EMULATED.includes(values.kernel) ? 'smp2' : 'uml');
  if (!isWorld(world)) throw new Error(`--world ${world}: it is one of ${Object.keys(WORLDS).join(', ')}`);
  return {
    world,
    kernelVersion: values.kernel ?? null,
    jobs: positive('--jobs', values.jobs ?? String(jobsFor(world))),
    timeoutMs: positive('--timeout', values.timeout ?? '240') * 1000,
    env: values.seed === undefined ? {} : { SEED: values.seed },
    files: positionals.length > 0 ? positionals.map((file) => resolve(file)) : labFiles(HERE),
  };
}

function isWorld(name: string): name is WorldName {
  return name in WORLDS;
}

/** A world keeps its CPUs busy: more worlds than cores only slow each other down until something times out. */
function jobsFor(world: WorldName): number {
  const cores = availableParallelism();
  return world === 'smp2' ? Math.max(1, Math.floor(cores / 2)) : cores;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} ${text}: it is a whole number from 1 up`);
  return value;
}

/** The files that take longest, half a minute and more: one that begins last would keep a single core busy at the end. */
const LONG = (
  'rounds addresses doctor-daemon mirror state guests ovs-bond-daemon status metrics ovs announced-shapes kills faults ' +
  'spanning-tree doctor soak ovs-dark announce'
)
  .split(' ')
  .map((name) => `${name}.lab.js`);

function labFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lab.js'));
  const [long, rest] = [LONG.filter((name) => names.includes(name)), names.filter((name) => !LONG.includes(name))];
  return [...long, ...rest.sort()].map((name) => join(folder, name));
}

/** Runs the files, at most `jobs` at a time, and reports each as it ends. */
async function runAll(options: Options): Promise<FileResult[]> {
  const { kernelVersion: kernel } = options;
  const world = kernel === null ? WORLDS[options.world] : withKernel(kernel);
  const results: FileResult[] = [];
  const queue = [...options.files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(world, file, options);
      results.push(result);
      console.log(report(result, `${options.world}${kernel === null ? '' : ` ${kernel}`}`));
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, queue.length) }, work));
  return results;
}

function report({ file, passed, failed, problem, world }: FileResult, name: string): string {
  const times = `${(world.bootMs / 1000).toFixed(1)} s to boot, ${(world.runMs / 1000).toFixed(1)} s to run`;
  const head = `${failed === 0 ? 'ok' : 'FAILED'} ${relative(HERE, file)} (${name}: ${passed} passed, ${failed} failed; ${times})`;
  const lines = [head, world.output.replace(/^(?=.)/gm, '  ')];
  if (problem !== null) lines.push(`  FAILED: ${problem}`);
  if (world.problem !== null) lines.push(`  ${world.boot.trim().replaceAll('\n', '\n  ')}`);
  return lines.filter((line) => line.trim() !== '').join('\n');
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const results = await runAll(options);
  const sum = (key: 'passed' | 'failed'): number => results.reduce((total, result) => total + result[key], 0);
  if (results.length === 0) console.log('FAILED: there is no lab test file');
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') > 0 || sum('passed') === 0 ? 1 : 0;
}

await runMain(main);
