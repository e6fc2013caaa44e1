/**
 * Tries the parts that read bytes from outside, each for a while, and writes down what they do not survive.
 *
 *     make fuzz FUZZ_ARGS='--seconds 300 --seed 7 netlink frames'
 *     node build/test/fuzz/main.js --replay libvirt build/fuzz/libvirt-1a2b3c4d.bin
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzz } from './engine/fuzz.js';
import type { Crasher, Outcome } from './engine/target.js';
import { tryInput } from './engine/trial.js';
import { loadTarget, TARGET_NAMES, type TargetName } from './targets/index.js';

const FOLDER = fileURLToPath(new URL('../../fuzz/', import.meta.url));

/** Each target so long, in seconds. */
const USUAL = 60;

function fail(message: string): never {
  process.stderr.write(`fuzz: ${message}\n`);
  process.exit(2);
}

function nameOf(text: string): TargetName {
  return TARGET_NAMES.find((name) => name === text) ?? fail(`no target ${text}; there are ${TARGET_NAMES.join(', ')}`);
}

/** Keeps the input, and says how to see it again. */
function keep(name: TargetName, { input, error }: Crasher): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, `${name}-${createHash('sha256').update(input).digest('hex').slice(0, 8)}.bin`);
  writeFileSync(file, input);
  const shown = path.relative('.', file);
  process.stdout.write(
    `  ${error.replaceAll('\n', '\n  ')}\n  again: node build/test/fuzz/main.js --replay ${name} ${shown}\n`,
  );
}

function tell(name: TargetName, { executions, took, crashers }: Outcome): void {
  const cells = [name.padEnd(12), String(executions).padStart(9), 'executions in', `${took.toFixed(0).padStart(4)} s,`];
  process.stdout.write(`${cells.join(' ')} ${crashers.length} crashers\n`);
  for (const crasher of crashers) keep(name, crasher);
}

async function replay(name: TargetName, file: string): Promise<void> {
  const target = await loadTarget(name);
  const error = await tryInput(target, new Uint8Array(readFileSync(file)), () => undefined);
  await target.close?.();
  process.stdout.write(error ? `${error.stack ?? error.message}\n` : 'nothing is wrong with it\n');
  process.exitCode = error ? 1 : 0;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, replay: { type: 'string' } },
});
const seconds = Number(values.seconds ?? USUAL);
const seed = Number(values.seed ?? Date.now() % 0x7fffffff);
if (!(seconds > 0) || !Number.isInteger(seed)) fail('--seconds takes a number above 0, --seed a whole number');

if (values.replay !== undefined) {
  await replay(nameOf(values.replay), positionals[0] ?? fail('--replay NAME FILE'));
} else {
  process.stdout.write(`seed ${seed}, ${seconds} s a target\n`);
  for (const name of positionals.length > 0 ? positionals.map(nameOf) : TARGET_NAMES) {
    const outcome = await fuzz(name, { seed, seconds, executions: Infinity });
    tell(name, outcome);
    if (outcome.crashers.length > 0) process.exitCode = 1;
  }
}
