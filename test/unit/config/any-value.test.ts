import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { DEFAULTS } from '../../../src/config/defaults.js';
import { load, problems } from './say.js';

type Node = Record<string, unknown>;

/** The path of every section and value of the defaults. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

const PATHS = pathsOf(DEFAULTS);

/** The defaults with something else in one place. */
function spoilt(path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = structuredClone(DEFAULTS) as unknown as Node;
  let node = copy;
  for (const step of path.slice(0, -1)) node = node[step] as Node;
  node[rest.at(-1) ?? key] = value;
  return copy;
}

/** Texts that look like what belongs there, and others. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'auto',
    'off',
    'unlimited',
    '0s',
    '52:54:00:12:34:56',
    '02:bf/16',
    ':1',
    '[::]:1',
    0,
    1,
    -1,
    1e308,
    {},
    [],
  ),
  fc.array(fc.constantFrom('rarp', '0s', '1s', 'bond0', '10.0.0.1', null, 7, { mac: '52:54:00:12:34:56', bond: 'b' })),
);

/** Lets nothing but problems out, and those in one line each. */
function tolerated(text: string): void {
  for (const line of problems(text)) {
    assert.match(line, /^F(:\d+)?: ./);
    assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
    assert.ok(line.length < 700, line);
  }
}

test('whatever a file holds in JSON, it is understood or its problems are told', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => tolerated(JSON.stringify(value))),
    { numRuns: 300 },
  );
});

test('whatever stands in place of any section or value, it is understood or its problems are told', () => {
  const property = fc.property(fc.constantFrom(...PATHS), anything, (path, value) => {
    tolerated(stringify(spoilt(path, value)));
  });
  fc.assert(property, { numRuns: 1000 });
});

test('whatever text a file holds, it is understood or its problems are told', () => {
  const pieces = fc.constantFrom(
    'bonds',
    ': ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '!x ',
    '"',
    "'",
    '|',
    '#',
    '? ',
    '  ',
    '---',
    '%',
    'é',
    '\t',
    ',',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((all) => all.join('')),
  );
  fc.assert(fc.property(text, tolerated), { numRuns: 1000 });
});

test('the defaults, written out, are the defaults', () => {
  assert.deepEqual(load(stringify(DEFAULTS)).config, load('').config);
});
