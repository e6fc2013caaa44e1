import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsIn, blocksOf, documentedCommands, documentText, DOCUMENTS } from '../../support/documented/collect.js';
import { KNOWN, knownCommand } from '../../support/documented/known.js';
import { ROOT } from '../../support/program.js';
import { readConfig } from '../../../src/config/read-config.js';

const COMMANDS = documentedCommands();

/** Runs a command as a reader does, in the checkout. */
function shell(command: string): { readonly status: number | null; readonly said: string } {
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT']; // or a test runner below would report to ours
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: fileURLToPath(ROOT),
    env,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

test('a test knows how to run every command of the documents', () => {
  for (const { command, where } of COMMANDS) assert.doesNotThrow(() => knownCommand(command), where);
});

test('no command is known that no document has', () => {
  const documented = new Set(COMMANDS.map(({ command }) => command));
  assert.deepEqual(
    Object.keys(KNOWN).filter((command) => !documented.has(command)),
    [],
  );
});

test('commands that are run by others are run there, and those that nobody runs are there', () => {
  for (const { command, where } of COMMANDS) {
    const known = knownCommand(command);
    if (known.in === 'elsewhere') assert.ok(documentText(known.file).includes(known.words), `${where}: ${known.file}`);
    const [, script] = /^node (?:--\S+ )*(build\/\S+\.js)/.exec(command) ?? [];
    if (script) assert.ok(existsSync(new URL(script, ROOT)), `${where}: ${script}`);
    for (const [file] of command.matchAll(/build\/test\/\S+\.lab\.js/g))
      assert.ok(existsSync(new URL(file, ROOT)), where);
    if (command.startsWith('make '))
      assert.equal(shell(`make -n ${command.slice(5)}`).status, 0, `${where}: no such target`);
  }
});

test('commands of a checkout do what the documents say', () => {
  for (const { command, where } of COMMANDS) {
    const known = knownCommand(command);
    if (known.in !== 'unit') continue;
    const { status, said } = shell(command);
    assert.equal(status, known.exit ?? 0, `${where}: ${said}`);
    assert.match(said, known.says, where);
  }
});

test('the configuration in the README is legal', () => {
  const examples = blocksOf(documentText('README.md')).filter(({ language }) => language === 'yaml');
  assert.ok(examples.length > 0);
  for (const { lines } of examples) readConfig({ name: 'README.md', bytes: Buffer.from(lines.join('\n')) });
});

test('every link within the documents leads somewhere', () => {
  for (const file of [...DOCUMENTS, 'docs/first-ten-minutes.md', 'docs/hosts.md', 'docs/design/README.md']) {
    for (const [, target = '', part] of documentText(file).matchAll(/\]\(([^):#]*)(?:#([^)]+))?\)/g)) {
      const url = new URL(target === '' ? file : target, new URL(target === '' ? '.' : file, ROOT));
      assert.ok(existsSync(url), `${file}: ${target}`);
      const path = fileURLToPath(url).slice(fileURLToPath(ROOT).length);
      if (part) assert.ok(anchorsOf(documentText(path)).includes(part), `${file}: ${target}#${part}`);
    }
  }
});

test('every platform and shape of docs/hosts.md names tests that are there, or is said to have none', () => {
  const files = new Set(
    readdirSync(new URL('test/', ROOT), { recursive: true }).map((file) => path.basename(String(file))),
  );
  const rows = documentText('docs/hosts.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [, shape = '', seen = '', , , tests = ''] = row.split('|').map((cell) => cell.trim());
    assert.notEqual(seen, '', shape);
    const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    for (const name of named) assert.ok(files.has(name), `${shape}: ${name}`);
    if (named.length === 0) assert.equal(shape, 'Incus, LXD');
  }
});

test('every note of docs/design has its place in the list there', () => {
  const folder = new URL('docs/design/', ROOT);
  const notes = readdirSync(folder).filter((name) => name !== 'README.md');
  const rows = [...documentText('docs/design/README.md').matchAll(/^\| \[(\S+)\]\((\S+)\) +\| /gm)];
  assert.deepEqual(rows.map(([, name]) => name).sort(), notes.sort());
  for (const [, name, target] of rows) assert.equal(target, name);
});

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('the README stays under 250 lines', () => {
  assert.ok(documentText('README.md').split('\n').length <= 250);
});

test('commands are found in blocks and in sentences; forms, other words and pictures are not taken for some', () => {
  const text =
    'a `make x`, `ip link\nshow`, `systemctl start NAME`, `status`\n\n```sh\nsudo bin/bondherald a && b\n```\n';
  assert.deepEqual(
    commandsIn('x', text).map(({ command, where }) => `${where} ${command}`),
    ['x:1 make x', 'x:1 ip link show', 'x:5 bondherald a', 'x:5 b'],
  );
  assert.throws(() => commandsIn('x', 'a\n\n    make y\n'), /line 3: an indented block/);
  assert.throws(() => commandsIn('x', '```\nmake y\n```\n'), /line 1: a code block without a language/);
});
