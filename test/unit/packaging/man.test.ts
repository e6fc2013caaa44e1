import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../../src/config/read-config.js';
import { commandOptions } from '../../support/command-help.js';
import { ROOT } from '../../support/program.js';

const pathOf = (page: string): string => fileURLToPath(new URL(`docs/man/${page}`, ROOT));
const EVERYWHERE = ['--help', '--version'];

/** The source of a page, with its escaped hyphens as they are read. */
const source = (page: string): string => readFileSync(pathOf(page), 'utf8').replaceAll('\\-', '-');

const optionsIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^\.B[I ]*(--[a-z-]+)/gm)].map(([, o = '']) => o));

for (const page of ['bondherald.8', 'bondherald.yaml.5']) {
  test(`${page} is a manual page that a strict reader takes`, () => {
    const { status, stdout, error } = spawnSync('mandoc', ['-T', 'lint', '-W', 'error', pathOf(page)], {
      encoding: 'utf8',
    });
    assert.equal(error, undefined, 'mandoc is missing: scripts/need.sh unit');
    assert.deepEqual([status, stdout], [0, '']);
  });
}

test('bondherald(8) has every command and every option that the program has, and no other', async () => {
  const sections = new Map<string, Set<string>>();
  for (const [, head = '', body = ''] of source('bondherald.8').matchAll(/^\.SS (.*)\n([^]*?)(?=^\.S[SH] )/gm)) {
    sections.set(/^[a-z]+( [a-z]+)*/.exec(head)?.[0] ?? head, optionsIn(body));
  }
  assert.deepEqual([...(sections.get('Every command') ?? [])], EVERYWHERE);
  const commands = await commandOptions();
  commands.delete('');
  commands.delete('config'); // has nothing of its own
  for (const options of commands.values()) for (const option of EVERYWHERE) options.delete(option);
  assert.deepEqual(
    [...sections.keys()].filter((name) => !name.startsWith('Every')).sort(),
    [...commands.keys()].sort(),
  );
  for (const [command, options] of commands) {
    assert.deepEqual([...(sections.get(command) ?? [])].sort(), [...options].sort(), command);
  }
});

test('bondherald.yaml(5) has every key that the configuration has, and no other', () => {
  const written = [...source('bondherald.yaml.5').matchAll(/^\.TP\n\.B (\S+)$/gm)].map(([, key = '']) => key);
  const keys = readConfig(null).settings.map(({ path }) =>
    path.join('.').replace(/^(announce\.rate\.\w+)\.\w+$/, '$1'),
  );
  assert.deepEqual(written.sort(), [...new Set(keys)].sort());
});
