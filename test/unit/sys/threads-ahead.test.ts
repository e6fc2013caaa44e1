import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type StartThread, startThread, ThreadsAhead } from '../../../src/sys/process/thread.js';

const URLS = [new URL('../../support/telling-thread.js', import.meta.url)];

/** What a thread said, in order, and how it ended. */
function heardOf(start: StartThread, data: number): Promise<{ said: unknown[]; error: string | null }> {
  return new Promise((resolve) => {
    const said: unknown[] = [];
    const exit = (error: Error | null): void => resolve({ said, error: error?.message ?? null });
    const [url] = URLS as [URL];
    const thread = start<number, unknown>(url, { message: (message) => void said.push(message), exit }, data);
    assert.deepEqual(said, [], 'nothing comes before the call has ended');
    thread.post(8);
  });
}

test('a thread that begins ahead says to its later owner all that it has said', async () => {
  const everybody = new BroadcastChannel('telling-thread');
  const threads = new ThreadsAhead(URLS);
  await once(everybody, 'message');
  everybody.close();
  assert.deepEqual(await heardOf(threads.start, 7), { said: ['began', 7, 8], error: null });
});

test('where none has begun one is started', async () => {
  const threads = new ThreadsAhead(URLS);
  const both = await Promise.all([heardOf(threads.start, 7), heardOf(threads.start, 9), heardOf(startThread, 5)]);
  assert.deepEqual(
    both.map(({ said }) => said),
    [
      ['began', 7, 8],
      ['began', 9, 8],
      ['began', 5, 8],
    ],
  );
});

test('what ends a thread that has begun ahead reaches its owner', async () => {
  assert.deepEqual(await heardOf(new ThreadsAhead(URLS).start, -1), { said: ['began', -1], error: 'told to fail' });
});

test('those that nobody takes end', async () => {
  const threads = new ThreadsAhead(URLS);
  await threads.endOthers(); // else this process would not end
  await threads.endOthers();
});
