import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTestFile, type FileResult } from './world/testfile.js';
import { withLibvirt } from './world/libvirt.js';
import type { World } from './world/types.js';
import { EMULATED, withKernel, WORLDS, type WorldName } from './world/worlds.js';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Which files run where. */
export interface FilesRun {
  world: WorldName;
  /** The kernel there, for example 6.12; null for that of this machine's Debian. */
  kernelVersion: string | null;
  /** The libvirt there, for example 11.3; null for none. It comes with a kernel of its own. */
  libvirt: string | null;
  /** How many at a time. */
  jobs: number;
  /** Of one file, without its boot. */
  timeoutMs: number;
  env: Readonly<Record<string, string>>;
  files: readonly string[];
}

/** An emulated machine is so much slower than User Mode Linux. */
const EMULATED_PATIENCE = 6;

/** The files that take longest, half a minute and more: one that begins last would keep a single core busy at the end. */
const LONG = (
  'rounds addresses doctor-daemon mirror state guests ovs-bond-daemon status metrics ovs announced-shapes kills faults ' +
  'spanning-tree doctor soak ovs-dark announce'
)
  .split(' ')
  .map((name) => `${name}.lab.js`);

/** All lab test files, those first that take longest. */
export function labFiles(): string[] {
  const names = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lab.js'));
  const [long, rest] = [LONG.filter((name) => names.includes(name)), names.filter((name) => !LONG.includes(name))];
  return [...long, ...rest.sort()].map((name) => labFile(name));
}

/** A lab test file by its name, for example failover.lab.js. */
export function labFile(name: string): string {
  return join(HERE, name);
}

/** A world keeps its CPUs busy: more worlds than cores only slow each other down until something times out. */
export function jobsFor(world: WorldName): number {
  const cores = availableParallelism();
  return world === 'smp2' ? Math.max(1, Math.floor(cores / 2)) : cores;
}

/** Runs the files, at most `jobs` at a time, and reports each as it ends. */
export async function runFiles(run: FilesRun): Promise<FileResult[]> {
  const { kernelVersion: kernel } = run;
  const emulated = kernel !== null && EMULATED.includes(kernel);
  const { world, name } = placeOf(run);
  const env = emulated ? { PATIENCE: String(EMULATED_PATIENCE), ...run.env } : run.env;
  const timeoutMs = emulated ? run.timeoutMs * EMULATED_PATIENCE : run.timeoutMs;
  const results: FileResult[] = [];
  const queue = [...run.files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(world, file, { timeoutMs, env });
      results.push(result);
      console.log(report(result, name));
    }
  };
  await Promise.all(Array.from({ length: Math.min(run.jobs, queue.length) }, work));
  return results;
}

function placeOf({ world, kernelVersion, libvirt }: FilesRun): { world: World; name: string } {
  if (libvirt !== null) return { world: withLibvirt(libvirt), name: `libvirt ${libvirt}` };
  if (kernelVersion !== null) return { world: withKernel(kernelVersion), name: `${world} ${kernelVersion}` };
  return { world: WORLDS[world], name: world };
}

/** How many tests passed or failed in all. */
export function sum(results: readonly FileResult[], key: 'passed' | 'failed'): number {
  return results.reduce((total, result) => total + result[key], 0);
}

function report({ file, passed, failed, problem, world }: FileResult, name: string): string {
  const times = `${(world.bootMs / 1000).toFixed(1)} s to boot, ${(world.runMs / 1000).toFixed(1)} s to run`;
  const head = `${failed === 0 ? 'ok' : 'FAILED'} ${relative(HERE, file)} (${name}: ${passed} passed, ${failed} failed; ${times})`;
  const lines = [head, world.output.replace(/^(?=.)/gm, '  ')];
  if (problem !== null) lines.push(`  FAILED: ${problem}`);
  if (world.problem !== null) lines.push(`  ${world.boot.trim().replaceAll('\n', '\n  ')}`);
  return lines.filter((line) => line.trim() !== '').join('\n');
}
