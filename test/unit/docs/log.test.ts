import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentText } from '../../support/documented/collect.js';
import { logMessages, messagesIn } from '../../support/documented/log-messages.js';

/** [level, message, what to do] of each row of docs/log.md. */
const ROWS = documentText('docs/log.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
  .map((cells) => cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')));

test('docs/log.md has every line that the daemon may log, with its level, and no other', () => {
  const documented = ROWS.map(([level, message]) => `${level}: ${message}`);
  assert.deepEqual(documented.toSorted(), [...new Set(documented)].sort(), 'one twice');
  const logged = new Set(logMessages().map(({ level, message }) => `${level}: ${message}`));
  assert.ok(logged.size > 40);
  assert.deepEqual(documented.toSorted(), [...logged].sort());
});

test('docs/log.md says of every line what to do', () => {
  for (const [, message, what = ''] of ROWS) assert.match(what, /^[A-Z`].{6,}[.?]$/, message);
});

test('messages are found whatever they are made of; one that is made elsewhere is refused', () => {
  const found = (text: string): string[] => messagesIn('x.ts', text).map(({ level, message }) => `${level} ${message}`);
  assert.deepEqual(found("const A = 'b';\nthis.tools.log.warn(`a ${A}`, { c });\nlog.info(A);\n"), [
    'warn a b',
    'info b',
  ]);
  assert.deepEqual(found("console.log('x'); dialog.info('y'); log.info('z');\n"), ['info z']);
  assert.throws(() => found('log.info(oneLine(error));\n'), /x\.ts:1: the message of this line is no constant/);
});
