/**
 * `make lab-kernels`: the lab on one kernel after the other, and the table in docs/kernels.md.
 *
 *     kernels.js [--jobs N] [KERNEL...]
 *
 * A KERNEL is for example 6.12; without one it is all of them. N files run at a time; as many as fit, by default. The rows of kernels that were not run stay as they are.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMain } from '../support/main.js';
import { jobsFor, labFile, labFiles, runFiles, sum } from './files.js';
import type { FileResult } from './world/testfile.js';
import { EMULATED, withKernel, worldOf } from './world/worlds.js';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const DOCUMENT = `${CHECKOUT}docs/kernels.md`;

/** User Mode Linux of these releases runs all files. */
const WHOLE = ['6.12', '7.2'];

/** In the emulator, where all is many times slower, those that meet what differs between kernels. */
const BOUNDED = ['failover', 'recovery', 'heard', 'uplink', 'mirror', 'announced-shapes', 'state'];

const TIMEOUT_MS = 480_000;

/** Runs one kernel's files. @returns its row of the table, and whether all passed */
async function rowOf(kernel: string, jobs: number | null): Promise<{ row: string; passed: boolean }> {
  const files = EMULATED.includes(kernel) ? BOUNDED.map((name) => labFile(`${name}.lab.js`)) : labFiles();
  const world = worldOf(kernel);
  const results = await runFiles({
    world,
    kernelVersion: kernel,
    libvirt: null,
    jobs: jobs ?? jobsFor(world),
    timeoutMs: TIMEOUT_MS,
    env: {},
    files,
  });
  const figures = [files.length, sum(results, 'passed'), sum(results, 'failed'), ...medians(results)];
  const cells = [...(await versions(kernel)), ...figures, new Date().toISOString().slice(0, 10)];
  return { row: `| ${cells.join(' | ')} |`, passed: sum(results, 'failed') === 0 };
}

/** Its own kernel, Open vSwitch and iproute2, as they name themselves. */
async function versions(kernel: string): Promise<string[]> {
  const command = ['sh', '-c', 'uname -r; ovs-vswitchd --version | head -n 1; ip -V'];
  const { output } = await withKernel(kernel)({ command });
  const [release = '', ovs = '', iproute2 = ''] = output.trim().split('\n').slice(-3);
  return [release, lastWord(ovs), /iproute2-([\d.]+\d)/.exec(iproute2)?.[1] ?? iproute2];
}

function lastWord(line: string): string {
  return (
    line
      .trim()
      .split(/[ ,]+/)
      .findLast((word) => /\d/.test(word)) ?? ''
  );
}

/** What failover.lab prints: the first rounds' last frames in µs, the outages in ms. */
function medians(results: readonly FileResult[]): string[] {
  const output = results.map(({ world }) => world.output).join('\n');
  const rounds = [...output.matchAll(/^\s*first round: (\d+) us$/gm)].map(([, us]) => Number(us));
  const outages = [...output.matchAll(/^\s*outage: (.*)$/gm)].flatMap(([, line = '']) =>
    [...line.matchAll(/(\d+) ms/g)].map(([, ms]) => Number(ms)),
  );
  return [`${median(rounds)} µs`, `${median(outages)} ms`];
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN;
}

/** Puts the row in the place of the kernel's earlier one. */
function write(kernel: string, row: string): void {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${kernel}.`) || line.startsWith(`| ${kernel} `));
  if (at >= 0) lines[at] = row;
  else lines.splice(lines.findLastIndex((line) => line.startsWith('|')) + 1, 0, row);
  writeFileSync(DOCUMENT, lines.join('\n'));
  execFileSync(`${CHECKOUT}node_modules/.bin/prettier`, ['--log-level', 'warn', '--write', DOCUMENT]);
}

async function main(): Promise<number> {
  const { values, positionals: asked } = parseArgs({ allowPositionals: true, options: { jobs: { type: 'string' } } });
  const jobs = values.jobs === undefined ? null : Math.max(1, Number(values.jobs));
  const known = [...EMULATED, ...WHOLE];
  const unknown = asked.find((kernel) => !known.includes(kernel));
  if (unknown !== undefined) throw new Error(`no such kernel: ${unknown} (${known.join(', ')})`);
  let allPassed = true;
  for (const kernel of asked.length > 0 ? asked : known) {
    const { row, passed } = await rowOf(kernel, jobs);
    console.log(row);
    write(kernel, row);
    allPassed &&= passed;
  }
  return allPassed ? 0 : 1;
}

await runMain(main);
