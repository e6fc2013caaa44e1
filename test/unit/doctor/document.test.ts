import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentedRows, rows } from './table.js';

test('docs/doctor.md has a row for every finding, in the words of the doctor', () => {
  const advice = 'after a change: node build/test/unit/doctor/table.js && npx prettier --write docs/doctor.md';
  assert.deepEqual(documentedRows(), rows(), advice);
});
