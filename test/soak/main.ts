/**
 * `make soak`: hurts a daemon for long, and writes what came of it into docs/reliability.md.
 *
 *     main.js [--minutes N] [--kills N] [--devices N] [--seed N] [NAME...]
 *
 * A NAME is that of a file *.soak.ts here; without one it is all of them. With --minutes, --kills or --devices the tables
 * are printed and not written.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runTestFile } from '../lab/world/testfile.js';
import { bestWorld, WORLDS } from '../lab/world/worlds.js';
import { type Figures, readFigures } from './figures.js';
import { insert, tableOf } from './document.js';
import { runMain } from '../support/main.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const CHECKOUT = join(HERE, '../../..');
const DOCUMENT = join(CHECKOUT, 'docs/reliability.md');
const SUFFIX = '.soak.js';

/** No part takes longer on a machine that does other things as well, beside the minutes that are asked for. */
const TIMEOUT_MS = 60 * 60_000;

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: text, kills: text, devices: text, seed: text },
});

/** What the files are told: a world inherits no environment. */
function environment(): Record<string, string> {
  const { minutes, kills, devices, seed } = values;
  const all = { MINUTES: minutes, KILLS: kills, DEVICES: devices, SEED: seed };
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** Runs one file. @returns its figures; null when it failed */
async function run(name: string): Promise<Figures[] | null> {
  const began = performance.now();
  const timeoutMs = TIMEOUT_MS + Number(values.minutes ?? 10) * 60_000;
  const result = await runTestFile(WORLDS[bestWorld()], join(HERE, name + SUFFIX), { timeoutMs, env: environment() });
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${result.failed === 0 ? 'ok' : 'FAILED'} ${name}, ${seconds} s\n${result.world.output}`);
  if (result.problem !== null) console.log(result.problem);
  return result.failed === 0 ? readFigures(result.world.output) : null;
}

/** Puts the tables into the document. */
function write(all: readonly Figures[]): void {
  const date = new Date().toISOString().slice(0, 10);
  let document = readFileSync(DOCUMENT, 'utf8');
  for (const each of all) document = insert(document, each.section, tableOf(each, date));
  writeFileSync(DOCUMENT, document);
  execFileSync(join(CHECKOUT, 'node_modules/.bin/prettier'), ['--log-level', 'warn', '--write', DOCUMENT]);
  console.log(`written: ${DOCUMENT}`);
}

async function main(): Promise<number> {
  const known = readdirSync(HERE).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []));
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown}: a part is one of ${known.join(', ')}`);
  let failed = false;
  for (const name of positionals.length > 0 ? positionals : known) {
    const figures = await run(name);
    const smaller = values.minutes ?? values.kills ?? values.devices;
    if (figures === null) failed = true;
    else if (smaller === undefined) write(figures);
    else for (const each of figures) console.log(tableOf(each, 'not written'));
  }
  return failed ? 1 : 0;
}

await runMain(main);
