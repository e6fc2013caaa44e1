import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events } from '../../../src/tasks/events.js';

interface Known {
  named: [name: string, count: number];
  empty: [];
}

test('subscribers are called in their order, with what was emitted, before the call returns', () => {
  const events = new Events<Known>();
  const calls: string[] = [];
  events.on('named', (name, count) => calls.push(`first ${name} ${count}`));
  events.on('named', (name) => calls.push(`second ${name}`));
  events.on('empty', () => events.emit('named', 'inner', 2));
  events.emit('empty');
  assert.deepEqual(calls, ['first inner 2', 'second inner']);
});

test('what a subscriber throws reaches the emitter', () => {
  const events = new Events<Known>();
  events.on('empty', () => {
    throw new Error('broken');
  });
  events.on('empty', () => assert.fail('not called'));
  assert.throws(() => events.emit('empty'), { message: 'broken' });
});
