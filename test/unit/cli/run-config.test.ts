import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../../src/cli/config-file.js';
import { readRunOrder } from '../../../src/cli/run.js';
import { ConfigError, UsageError } from '../../../src/errors.js';
import { fileFor } from '../../support/config-file.js';
import { bondherald } from '../../support/program.js';

const NEVER = new AbortController().signal;

test('a run gets the configuration that the other commands see, frozen', async (t) => {
  const file = fileFor(t, 'guests: {exclude: {macs: ["02:bf/16"]}}\n');
  const order = await readRunOrder(['run', '--config', file, '--bond', 'bond7', '--kinds', 'na,rarp'], NEVER);
  const config = order?.config;
  const { config: direct } = await loadConfig({ config: file, bond: ['bond7'], kinds: 'na,rarp' });
  assert.deepStrictEqual(config, direct);
  assert.ok(Object.isFrozen(config?.guests.exclude.macs[0]));
});

test('it is read anew at each call', async (t) => {
  const file = fileFor(t, 'bonds: [bond1]\n');
  assert.deepEqual((await readRunOrder(['run', '--config', file], NEVER))?.config.bonds, ['bond1']);
  writeFileSync(file, 'bonds: [bond2]\n');
  assert.deepEqual((await readRunOrder(['run', '--config', file], NEVER))?.config.bonds, ['bond2']);
});

test('errors keep their class and all their lines', async (t) => {
  const file = fileFor(t, 'bond: 1\nstateDir: x\n');
  await assert.rejects(readRunOrder(['run', '--config', file], NEVER), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.problems.length, 2);
    return true;
  });
  await assert.rejects(readRunOrder(['run', '--config', '/nowhere/c.yaml'], NEVER), UsageError);
  await assert.rejects(readRunOrder(['run', '--foo'], NEVER), UsageError);
});

test('a command line with the options before `run` is a run as well', async () => {
  const { code, stderr } = await bondherald(['--config', '/nowhere/c.yaml', 'run']);
  assert.deepEqual([code, stderr], [2, 'bondherald: /nowhere/c.yaml: no such file\n']);
});

test('run --help tells the options of run and runs nothing', async () => {
  const { code, stdout, stderr } = await bondherald(['run', '--help']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /--kinds/);
});
