import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8');

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

type Ranges = Readonly<Record<string, string>>;

const manifest = JSON.parse(read('package.json')) as {
  dependencies: Ranges;
  optionalDependencies: Ranges;
  devDependencies: Ranges;
  allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked & Record<string, unknown>> };
const document = read('docs/dependencies.md');

/** Every package of the lock file, wherever it lies in node_modules. */
const locked = Object.entries(lock.packages).filter(([where]) => where !== '');

const nameOf = (where: string): string => where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The rows of the table under a heading. */
function rowsUnder(heading: string): Record<'name' | 'range' | 'version' | 'released' | 'licence' | 'why', string>[] {
  const part = document.split(/^## /m).find((each) => each.startsWith(heading));
  const rows = (part ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => {
    const [name = '', range = '', version = '', released = '', licence = '', why = ''] = row
      .slice(1)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '').trim());
    return { name, range, version, released, licence, why };
  });
}

const TABLES: readonly [heading: string, ranges: Ranges][] = [
  ['Part of the program', manifest.dependencies],
  ['Optional part', manifest.optionalDependencies],
  ['To build and to test', manifest.devDependencies],
];

for (const [heading, ranges] of TABLES) {
  test(`${heading}: the document has each package with the range, version and licence that it has`, () => {
    const rows = rowsUnder(heading);
    assert.deepEqual(Object.fromEntries(rows.map(({ name, range }) => [name, range])), ranges);
    for (const { name, version, licence, why } of rows) {
      const entry = lock.packages[`node_modules/${name}`];
      assert.deepEqual([name, version, licence], [name, entry?.version, entry?.license]);
      assert.ok(why.length > 10, `${name}: why?`);
    }
  });
}

test('each package was released before the page was checked', () => {
  const checked = /^Checked on (\d{4}-\d\d-\d\d):/m.exec(document)?.[1] ?? '';
  assert.ok(Date.parse(checked) > 0);
  for (const { name, released } of TABLES.flatMap(([heading]) => rowsUnder(heading))) {
    assert.match(released, /^\d{4}-\d\d-\d\d$/, name);
    assert.ok(released <= checked, name);
  }
});

test('every package of the lock file has a licence that its use allows', () => {
  const shipped = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause']);
  const inTests = new Set([...shipped, 'BlueOak-1.0.0', 'LGPL 2.1']);
  assert.ok(locked.length > 50);
  for (const [where, { license = 'none', dev }] of locked) {
    assert.ok((dev ? inTests : shipped).has(license), `${where}: ${license}`);
  }
});

test('every package of the lock file is held by its hash, and none by the name of a registry', () => {
  for (const [where, { integrity = '', resolved }] of locked) {
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, where);
    assert.equal(resolved, undefined, where);
  }
});

test('installing runs code of those packages that are named for it, and of no others', () => {
  const running = [
    ...new Set(locked.flatMap(([where, { hasInstallScript }]) => (hasInstallScript ? [nameOf(where)] : []))),
  ];
  assert.deepEqual(running.sort(), Object.keys(manifest.allowScripts).sort());
  const sentence = /^- \*\*Installing runs code\*\*[^:]*: ([^.]+)\./m.exec(document)?.[1] ?? '';
  assert.deepEqual([...sentence.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).sort(), running);
});

test('modules come from the lock file: nothing of the repository installs in another way', () => {
  assert.match(read('scripts/modules.sh'), /\bnpm ci\b/);
  const scripts = readdirSync(new URL('scripts/', ROOT)).map((name) => `scripts/${name}`);
  for (const file of [...scripts, 'Makefile', '.ci/run']) {
    const lines = read(file)
      .split('\n')
      .filter((line) => !/^\s*(#|say )/.test(line)); // what people are told to do is no command
    assert.doesNotMatch(lines.join('\n'), /\bnpm (install|i|add|update|exec)\b|\bnpx\b|\byarn\b|\bpnpm\b/, file);
  }
});
