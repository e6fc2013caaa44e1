import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TARGET_NAMES } from '../../fuzz/targets/index.js';

const ROOT = new URL('../../../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8');
const document = read('test/fuzz/README.md');

/** The cells in backquotes of the tables' rows. */
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('| `src/'))
  .map((line) => line.split(' | '));
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
const listed = new Set(rows.flatMap(([place = '']) => quoted(place)));

/** What a file does that reads what comes from outside, or hands it on. */
const READS =
  /JSON\.parse\(|new DataView\(|new TextDecoder|new XMLParser|readFile|readlink|readdir|\.on\('(data|message)'|createServer|new URLSearchParams|new Parser\(|process\.env|toString\('(utf8|latin1)'/;

test('every file that reads bytes or text from outside is in the list, and those in it are there', () => {
  const files = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name}`);
  assert.ok(files.length > 200);
  const missing = files.filter((file) => READS.test(read(file)) && !listed.has(file));
  assert.deepEqual(missing, [], 'they read, and test/fuzz/README.md does not say who tries them');
  for (const file of listed) assert.ok(existsSync(new URL(file, ROOT)), file);
});

test('every target is in the list, and every place has a target or a reason why it has none', () => {
  const named = new Set<string>(rows.flatMap((cells) => quoted(cells.at(-1) ?? '')));
  for (const name of TARGET_NAMES) assert.ok(named.has(name), name);
  for (const [place = '', , last = ''] of rows) {
    const targets = quoted(last).filter((name) => (TARGET_NAMES as readonly string[]).includes(name));
    assert.ok(targets.length > 0 || /^none: ./.test(last.trim()), place);
  }
});
