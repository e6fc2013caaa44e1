import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ESLint } from 'eslint';

const forbidden = [
  'max-lines',
  'max-lines-per-function',
  'rooms/globals',
  'rooms/import-order',
  'rooms/packages',
  '@typescript-eslint/consistent-type-imports',
  '@typescript-eslint/no-explicit-any',
  '@typescript-eslint/no-floating-promises',
  '@typescript-eslint/no-unused-vars',
];
const alsoInTests = ['max-lines', '@typescript-eslint/no-floating-promises', '@typescript-eslint/no-unused-vars'];

async function errorsFor(file) {
  const { rules } = await new ESLint().calculateConfigForFile(file);
  return new Set(Object.keys(rules).filter((name) => rules[name][0] === 2));
}

test('eslint.config.js holds every rule of the house in src/', async () => {
  const on = await errorsFor('src/plan/rounds.ts');
  assert.deepEqual(
    forbidden.filter((name) => !on.has(name)),
    [],
  );
});

test('tests may do I/O but may not drop a promise', async () => {
  const on = await errorsFor('test/unit/plan/rounds.test.ts');
  assert.deepEqual(
    alsoInTests.filter((name) => !on.has(name)),
    [],
  );
  assert.deepEqual(
    [...on].filter((name) => name.startsWith('rooms/')),
    [],
  );
});

test('no function of src/ is longer than 60 lines and no file than 400', async () => {
  const { rules } = await new ESLint().calculateConfigForFile('src/plan/rounds.ts');
  assert.equal(rules['max-lines'][1].max, 400);
  assert.equal(rules['max-lines-per-function'][1].max, 60);
});
