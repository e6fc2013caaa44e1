import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macArgument, plainRun, vlanArgument } from '../../../src/cli/arguments.js';
import { execute } from '../../../src/cli/commands.js';
import { standardOutput } from '../../../src/cli/output.js';
import { UsageError } from '../../../src/errors.js';

test('a MAC is taken in the forms that people write', () => {
  assert.equal(macArgument('52-54-00-AB-CD-EF'), '52:54:00:ab:cd:ef');
  assert.equal(macArgument('5254.00AB.CDEF'), '52:54:00:ab:cd:ef');
});

test('what no guest can have as its address is refused, with what was typed and a way out', () => {
  for (const text of ['', 'bond0', '52:54:00:12:34', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00']) {
    assert.throws(
      () => macArgument(text),
      (error) => error instanceof UsageError && error.message.includes(`--mac ${text}`) && error.exitCode === 2,
    );
  }
});

test('a VLAN is a number from 1 to 4094 and nothing else', () => {
  for (const vid of [1, 10, 905, 4094]) assert.equal(vlanArgument(String(vid)), vid);
  for (const text of [
    '',
    '0',
    '4095',
    '65546',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'ten',
    ' 10',
    '10 ',
    '10,20',
    '١٠',
    'NaN',
  ]) {
    assert.throws(
      () => vlanArgument(text),
      (error) => error instanceof UsageError && error.message.includes(`--vlan ${text}`),
      text,
    );
  }
});

test('the command lines of units say the same to the short reader as to the parser; all others are left to that', async () => {
  const parsed = async (argv: readonly string[]): Promise<string | undefined> => {
    let config: string | undefined;
    const note = ({ config: file }: { readonly config?: string | undefined }): Promise<number> => {
      config = file;
      return Promise.resolve(0);
    };
    await execute(argv, standardOutput, new AbortController().signal, note);
    return config;
  };
  for (const argv of [
    ['run'],
    ['run', '--config', '/etc/a b.yaml'],
    ['run', '--config', '7'],
    ['run', '--config', ''],
  ]) {
    const plain = plainRun(argv);
    assert.ok(plain);
    assert.equal(plain.config, await parsed(argv), argv.join(' '));
  }
  for (const words of [
    '',
    'status',
    'run --config',
    'run --config --log',
    'run --config=a',
    'run x',
    'run --config a b',
  ])
    assert.equal(plainRun(words.split(' ')), null, words);
});
