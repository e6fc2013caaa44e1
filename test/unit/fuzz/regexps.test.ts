import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import ts from 'typescript';

const ROOT = new URL('../../../../src/', import.meta.url);

/** A text so long takes a regular expression that looks at it once a millisecond, and a quadratic one many seconds. */
const LENGTH = 50_000;
/** In milliseconds, the best of three. */
const LIMIT = 500;

/** Only what takes longer for a short text than a linear one ever should is tried on a long one. */
const SCREENING = { length: 5000, limit: 2 };

/** Quadratic where they fail, and why that is harmless. */
const BOUNDED: Readonly<Record<string, string>> = {
  'src/config/leaves.ts (\\d+(?:\\.\\d+)?)(ms|[smhd])':
    'only on a text that is known to be a duration: there it does not fail',
  'src/config/schema.ts \\[!?([^\\]]+)\\]': 'globs have at most 64 characters, which is looked at first',
  'src/config/glob.ts \\[(!?)(\\]?[^\\]]*)\\]|[^]': 'globs of the configuration, of at most 64 characters',
  'src/http/page/parts.ts \\B(?=(\\d{3})+$)': 'only on a number that we have written',
};

/** Every regular expression of src/, by its file and its pattern. */
const found = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => literalsOf(name));

function literalsOf(name: string): { name: string; expression: RegExp }[] {
  const source = ts.createSourceFile(name, readFileSync(new URL(name, ROOT), 'utf8'), ts.ScriptTarget.ES2023);
  const literals: { name: string; expression: RegExp }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const [, pattern = '', flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(node.text) ?? [];
      literals.push({ name: `src/${name} ${pattern}`, expression: new RegExp(pattern, flags) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return literals;
}

const PIECES = [
  ...[
    ' ',
    '\n',
    ' \n',
    '\t',
    '\r\n',
    '0',
    '1',
    'a',
    'f',
    's',
    '1s',
    '1ms',
    '1.',
    '.1',
    '00:',
    ':',
    '::',
    '-',
    'a-',
    '00-',
  ],
  ...[
    '[',
    ']',
    '[!',
    '[a]',
    '[a',
    '*',
    '/',
    'a/',
    '=',
    '&',
    '<',
    '"',
    "'",
    '.',
    '\u0001',
    '\u2028',
    'é',
    '$2',
    '+',
    '%',
  ],
];
const STARTS = ['', '1', '[', 'basic ', 'LOCAL 1 52:54:00:00:00:01 ', 'port VLAN MAC Age', 'socket:[', '$2b$10$'];
const ENDS = ['', '\0'];

/** Whether there is a text for which it takes too long. */
function isSlow(expression: RegExp): boolean {
  const text = (start: string, piece: string, end: string, length: number): string =>
    start + piece.repeat(length / piece.length) + end;
  for (const piece of PIECES) {
    for (const start of STARTS) {
      for (const end of ENDS) {
        if (timeOf(expression, text(start, piece, end, SCREENING.length)) < SCREENING.limit) continue;
        if (timeOf(expression, text(start, piece, end, LENGTH)) > LIMIT) return true;
      }
    }
  }
  return false;
}

/** In milliseconds, the best of three. */
function timeOf(expression: RegExp, text: string): number {
  let best = Infinity;
  for (let n = 0; n < 3 && best >= SCREENING.limit; n++) {
    const began = performance.now();
    if (expression.global) text.replaceAll(expression, '');
    else expression.exec(text);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

test('no regular expression of the program takes much longer for a text than the text is long', () => {
  assert.ok(found.length > 30, `only ${found.length}`);
  const slow = found.filter(({ name, expression }) => !(name in BOUNDED) && isSlow(expression));
  assert.deepEqual(
    slow.map(({ name }) => name),
    [],
  );
});

test('those that may be slow on texts that are bounded are still there', () => {
  const names = new Set(found.map(({ name }) => name));
  for (const name of Object.keys(BOUNDED)) assert.ok(names.has(name), name);
});
