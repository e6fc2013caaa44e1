// Rules that need types hold for src/ and test/; the rules of lint/ hold the rooms of src/.

import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import rooms from './lint/index.js';

const nodeTest = ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'];

const everywhere = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
  'no-constant-binary-expression': 'error',
  'no-fallthrough': 'error',
  'no-unreachable': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

const unused = [
  'error',
  { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
];

const typescript = {
  // `import { type A }` would keep an empty import at run time; `import type { A }` does not.
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-import-type-side-effects': 'error',
  '@typescript-eslint/no-floating-promises': [
    'error',
    { allowForKnownSafeCalls: [{ from: 'package', name: nodeTest, package: 'node:test' }] },
  ],
  '@typescript-eslint/no-unused-vars': unused,
  // A number in a message needs no String().
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

const looserInTests = {
  '@typescript-eslint/no-empty-function': 'off',
  '@typescript-eslint/no-explicit-any': 'off',
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
  '@typescript-eslint/require-await': 'off',
};

export default defineConfig(
  globalIgnores(['build/', 'dist/', '.lab/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, rules: everywhere },
  { files: ['**/*.js'], rules: { 'no-unused-vars': unused } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: typescript,
  },
  {
    files: ['src/**/*.ts'],
    plugins: { rooms },
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: false, skipComments: false }],
      'rooms/globals': 'error',
      'rooms/import-order': 'error',
      'rooms/packages': 'error',
    },
  },
  { files: ['test/**/*.ts'], rules: looserInTests },
);
