import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as errors from '../../src/errors.js';

type Constructor = new (...args: string[]) => errors.BondheraldError;

const { BondheraldError, failureOf, oneLine, ...classes } = errors;
const ALL = Object.entries(classes as unknown as Record<string, Constructor>).map(([className, Class]) => ({
  className,
  error: new Class('one', 'two', 'three'),
}));

/** [code, exit, when, what to do] of each row of docs/errors.md. */
const ROWS = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('the document lists every code, each once, with its exit code', () => {
  assert.deepEqual(
    ROWS.map(([code, exit]) => `${code} ${exit}`).sort(),
    ALL.map(({ error }) => `\`${error.code}\` ${error.exitCode}`).sort(),
  );
});

test('the document says of every error when it comes and what to do', () => {
  for (const [code, , when = '', what = ''] of ROWS) {
    assert.match(when, /^[A-Z`].{20,}\.$/, code);
    assert.match(what, /^[A-Z`].{10,}\.$/, code);
  }
});

test('a code is stable text that no two errors share, and follows from the name of its class', () => {
  assert.equal(new Set(ALL.map(({ error }) => error.code)).size, ALL.length);
  for (const { className, error } of ALL) {
    const words = className.replace(/Error$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_');
    assert.equal(error.code, words.toUpperCase());
    assert.equal(error.name, error.code);
    assert.ok(error instanceof BondheraldError && error instanceof Error);
  }
});

test('a failed system call tells what was tried, the call and the errno', () => {
  const error = new errors.SyscallError('bind', 'ENODEV', 'a packet socket on device 7');
  assert.deepEqual(
    [error.message, error.syscall, error.errno],
    ['a packet socket on device 7: bind: ENODEV', 'bind', 'ENODEV'],
  );
});

test('a step fails with an error of ours, or throws what is none', () => {
  const error = new errors.UsageError('no such device');
  const fail = (thrown: Error) => () => {
    throw thrown;
  };
  assert.equal(failureOf(fail(error)), error);
  assert.equal(
    failureOf(() => 7),
    null,
  );
  assert.throws(() => failureOf(fail(new TypeError('x'))), TypeError);
});

test('an operator reads one line of an error, whatever is in it', () => {
  assert.equal(oneLine(new errors.UsageError('bond0: \n  no such\r\n\tdevice\n')), 'bond0: no such device');
  assert.equal(oneLine(new errors.SyscallError('bind', 'ENODEV', 'a socket')), 'a socket: bind: ENODEV');
  assert.equal(
    oneLine(new TypeError('x is not\n a function')),
    'internal error, please report it: x is not a function',
  );
  for (const thrown of ['text', undefined, null, 7, new AggregateError([new Error('a\nb')], 'c\nd')]) {
    assert.match(oneLine(thrown), /^internal error, please report it: [^\n]+$/);
  }
});
