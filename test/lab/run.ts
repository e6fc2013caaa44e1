/** The lab's launcher: `node build/test/lab/run.js [--world uml|direct|smp2|service | --kernel 6.12 | --libvirt 11.3] [--jobs N] [--timeout S] [--seed N] [FILES...]`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runMain } from '../support/main.js';
import { type FilesRun, jobsFor, labFiles, runFiles, sum } from './files.js';
import { WORLDS, type WorldName, worldOf } from './world/worlds.js';

function readOptions(argv: string[]): FilesRun {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      world: { type: 'string' },
      kernel: { type: 'string' },
      libvirt: { type: 'string' },
      jobs: { type: 'string' },
      timeout: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const world = values.world ?? worldOf(values.kernel ?? null);
  if (!isWorld(world)) throw new Error(`--world ${world}: it is one of ${Object.keys(WORLDS).join(', ')}`);
  return {
    world,
    kernelVersion: values.kernel ?? null,
    libvirt: values.libvirt ?? null,
    jobs: positive('--jobs', values.jobs ?? String(jobsFor(world))),
    timeoutMs: positive('--timeout', values.timeout ?? '240') * 1000,
    /** For the tests that leave things to chance. */
    env: values.seed === undefined ? {} : { SEED: values.seed },
    files: positionals.length > 0 ? positionals.map((file) => resolve(file)) : labFiles(),
  };
}

function isWorld(name: string): name is WorldName {
  return name in WORLDS;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} ${text}: it is a whole number from 1 up`);
  return value;
}

async function main(): Promise<number> {
  const results = await runFiles(readOptions(process.argv.slice(2)));
  if (results.length === 0) console.log('FAILED: there is no lab test file');
  const [passed, failed] = [sum(results, 'passed'), sum(results, 'failed')];
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

await runMain(main);
