import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoil } from '../../fuzz/engine/mutate.js';
import { only } from '../../fuzz/engine/only.js';
import { Random } from '../../fuzz/engine/random.js';
import { bytesOf, type Outcome, type Target } from '../../fuzz/engine/target.js';
import { Trial } from '../../fuzz/engine/trial.js';
import { FrameError, JsonRpcError } from '../../../src/errors.js';

const CORPUS = ['{"length":5}', 'a short one', ''].map(bytesOf);

function tried(run: Target['run'], executions = 2000): Promise<Outcome> {
  return new Trial({ corpus: CORPUS, tokens: ['needle'], run }, { seed: 1, executions, seconds: 30 }).run();
}

test('an input that upsets a reader is found and cut down to what matters', async () => {
  const { crashers } = await tried((input) => {
    if (Buffer.from(input).includes('needle')) throw new TypeError('found it');
  });
  assert.deepEqual(
    crashers.map(({ input }) => Buffer.from(input).toString()),
    ['needle'],
  );
  assert.match(crashers[0]?.error ?? '', /found it/);
});

test('a prototype that an input reaches, and an input that is written to, are found', async () => {
  const polluted = await tried(() => void Object.assign(Object.prototype, { polluted: 1 }), 10);
  delete (Object.prototype as { polluted?: number }).polluted;
  assert.match(polluted.crashers[0]?.error ?? '', /Object\.prototype now has polluted/);
  const written = await tried((input) => void input.fill(1), 10);
  assert.match(written.crashers[0]?.error ?? '', /changed its input/);
});

test('the same seed gives the same inputs, none longer than it may be', () => {
  const material = { corpus: CORPUS, tokens: [bytesOf('x')], maxBytes: 40 };
  const some = (seed: number): string[] => {
    const random = new Random(seed);
    return Array.from({ length: 500 }, () => Buffer.from(spoil(random, material)).toString('hex'));
  };
  assert.deepEqual(some(3), some(3));
  assert.notDeepEqual(some(3), some(4));
  assert.ok(some(5).every((hex) => hex.length <= 80));
});

test('only documented errors of one line pass', () => {
  const throws = (error: Error) => () => {
    throw error;
  };
  assert.equal(only([FrameError], throws(new FrameError('too short'))), undefined);
  assert.throws(() => only([FrameError], throws(new JsonRpcError('no JSON'))), JsonRpcError);
  assert.throws(() => only([FrameError], throws(new TypeError('x'))), TypeError);
  assert.throws(() => only([FrameError], throws(new FrameError('two\nlines'))), /not one line/);
});
