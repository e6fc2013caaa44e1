import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { measure } from '../../../lint/house.js';

/** What no made-up tree goes beyond, unless a test says so. */
const WIDE = { total: 1000, share: 1, filesOnALevel: 10, median: 100, file: 100, function: 100 };

/** The problems of a tree that is made of `files`: { name: text }. */
function problemsOf(t, files, limits = {}) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'house-'));
  t.after(() => fs.rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries({ 'test/unit/none.test.ts': '', ...files })) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  }
  return measure(root, { ...WIDE, ...limits }).problems;
}

const lines = (count) => '//\n'.repeat(count);

test('a tree within its limits has no problems, and its figures are told', (t) => {
  const files = {
    'src/addr/mac.ts': 'export const mac = 1;\n',
    'src/kernel/link.ts': "import { mac } from '../addr/mac.js';\nconsole.log(mac);\n",
  };
  assert.deepEqual(problemsOf(t, files), []);
});

test('a room that holds too much of src, and a level with too many files', (t) => {
  const files = {
    'src/addr/a.ts': lines(6),
    'src/addr/b.ts': lines(1),
    'src/addr/deep/c.ts': '',
    'src/wire/d.ts': lines(3),
  };
  assert.deepEqual(problemsOf(t, files, { share: 0.5, filesOnALevel: 1 }), [
    'addr: % of src: 70, at most 50',
    'addr: files on one level: 2, at most 1',
  ]);
});

test('too many lines: of src, of files in the median, of the longest file', (t) => {
  const files = { 'src/addr/a.ts': lines(3), 'src/addr/b.ts': lines(5), 'src/addr/c.ts': lines(9) };
  assert.deepEqual(problemsOf(t, files, { total: 16, median: 4, file: 8 }), [
    'src: lines: 17, at most 16',
    'src: median lines of a file: 5, at most 4',
    'src/addr/c.ts: lines: 9, at most 8',
  ]);
});

test('a function that is too long, whatever its form', (t) => {
  for (const text of ['\nfunction f() {\n\n}\n', '\nconst f = () => {\n\n};\n', 'class C {\nf() {\n\n}\n}\n']) {
    const problems = problemsOf(t, { 'src/addr/a.ts': text }, { function: 2 });
    assert.deepEqual(problems, ['src/addr/a.ts:2: lines of a function: 3, at most 2']);
  }
});

test('files that import each other in a circle, types among them', (t) => {
  const files = {
    'src/addr/a.ts': "import type { B } from './b.js';\nexport type A = B;\n",
    'src/addr/b.ts': "import type { C } from './c.js';\nexport type B = C;\n",
    'src/addr/c.ts': "export type C = import('./a.js').A;\n",
    'src/addr/d.ts': "import type { A } from './a.js';\nlet d: A;\n",
  };
  assert.deepEqual(problemsOf(t, files), ['circle of files: src/addr/a.ts, src/addr/b.ts, src/addr/c.ts']);
});

test('an import of a later room, of a room that is kept to others, and of none', (t) => {
  const files = {
    'src/addr/a.ts': "import '../wire/b.js';\nimport '../../test/unit/none.test.js';\n",
    'src/wire/b.ts': '',
    'src/cli/c.ts': "await import('../daemon/d.js');\n",
    'src/daemon/d.ts': '',
    'src/attic/e.ts': '',
  };
  assert.deepEqual(problemsOf(t, files), [
    'import upwards: src/addr/a.ts imports src/wire/b.ts',
    'import upwards: src/addr/a.ts imports test/unit/none.test.ts',
    'import upwards: src/attic/e.ts is in no room',
    'import upwards: src/cli/c.ts imports src/daemon/d.ts',
  ]);
});

test('a comparison of a device number with 0, in all but one file', (t) => {
  const text = 'f(ifindex < 0, 0 >= a.bond, a?.activeSlave! > 0, port === 0, ifindex < 10, count > 0, ofport > 0);\n';
  const found = ['ifindex < 0', '0 >= a.bond', 'a?.activeSlave! > 0'];
  assert.deepEqual(
    problemsOf(t, { 'src/wire/a.ts': text, 'src/topology/bond-id.ts': text }),
    found.map((code) => `sign test of an ifindex outside topology/bond-id.ts: src/wire/a.ts:1: ${code}`),
  );
});

test('a key that is taken apart, in all but one file', (t) => {
  const text = "key.split('/');\nthis.frameKey.slice(0, 3);\nkey.length;\nkeyword.split('/');\n";
  assert.deepEqual(problemsOf(t, { 'src/wire/a.ts': text, 'src/topology/keys.ts': text }), [
    "key taken apart outside topology/keys.ts: src/wire/a.ts:1: key.split('/')",
    'key taken apart outside topology/keys.ts: src/wire/a.ts:2: this.frameKey.slice(0, 3)',
  ]);
});

test('an export that no other file imports, by its name, as a whole or when it is needed', (t) => {
  const files = {
    'src/addr/a.ts': 'export const one = 1;\nexport function two() {}\nexport type Three = 3;\nexport class Four {}\n',
    'src/addr/b.ts': "import { one as uno } from './a.js';\nuno;\nexport const [five, { six }] = [];\n",
    'src/addr/c.ts': "import * as b from './b.js';\nb.five;\nconst { two } = await import('./a.js');\n",
    'test/unit/addr/a.test.ts': "import type { Three } from '../../../src/addr/a.js';\n",
  };
  assert.deepEqual(problemsOf(t, files), [
    'export that nobody imports: src/addr/a.ts: Four',
    'export that nobody imports: src/addr/b.ts: six',
  ]);
});
