import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { insert, tableOf } from '../../soak/document.js';
import { figures, readFigures } from '../../soak/figures.js';

const CHECKOUT = new URL('../../../../', import.meta.url);

test('figures that are printed are found in the output again, and make a table in their place', (t) => {
  const said: string[] = [];
  t.mock.method(console, 'log', (line: string) => said.push(`  ${line}`));
  figures('kills', { 'guests lost': 0 });
  t.mock.restoreAll();
  const [found] = readFigures(['noise', ...said].join('\n'));
  assert.deepEqual(found, { section: 'kills', rows: { 'guests lost': 0 } });
  const document = 'a\n<!-- figures: kills -->\nold\n<!-- end: kills -->\nz\n';
  const written = insert(document, 'kills', tableOf({ section: 'kills', rows: { 'guests lost': 0 } }, '2026-01-02'));
  assert.match(
    written,
    /^a\n<!-- figures: kills -->\n\n\| Run of 2026-01-02 [^]*\| guests lost \| 0 \|\n\n<!-- end: kills -->\nz\n$/,
  );
  assert.throws(() => insert(document, 'devices', ''), /no place/);
});

test('the document has a place for each part of the soak', () => {
  const document = readFileSync(new URL('docs/reliability.md', CHECKOUT), 'utf8');
  const parts = readdirSync(new URL('test/soak', CHECKOUT)).filter((name) => name.endsWith('.soak.ts'));
  assert.ok(parts.length >= 3);
  for (const name of parts) insert(document, name.replace('.soak.ts', ''), '');
});
