import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnoopThreadError } from '../../../src/errors.js';
import type { StartThread, ThreadListener } from '../../../src/sys/process/thread.js';
import { ThreadHandle } from '../../../src/wire/thread-handle.js';

type Order = { readonly type: string };
type Report = { readonly type: string };

function open() {
  const posted: string[] = [];
  const reports: string[] = [];
  let wakes = 0;
  let thread: ThreadListener<unknown> | null = null;
  const start = ((_: URL, listener: ThreadListener<unknown>) => {
    thread = listener;
    return { post: (order: Order) => void posted.push(order.type) };
  }) as unknown as StartThread;
  const handle = new ThreadHandle<Order, Report>(start, {
    name: 'the thread',
    url: new URL('file:///nowhere'),
    failure: SnoopThreadError,
    wake: () => void wakes++,
    report: ({ type }) => void reports.push(type),
  });
  const says = (message: object): void => thread?.message(message);
  const ends = (error: Error | null): void => thread?.exit(error);
  return { handle, posted, reports, says, ends, wakes: () => wakes, started: () => thread !== null };
}

test('nothing is started before the run; orders are answered in their order; a stop is the last order', async () => {
  const { handle, posted, reports, says, ends, wakes, started } = open();
  assert.equal(await handle.ask({ type: 'early' }), 'the thread has ended');
  assert.equal(started(), false);
  const stop = new AbortController();
  const run = handle.run(stop.signal);
  const answers = [handle.ask({ type: 'one' }), handle.ask({ type: 'two' })];
  says({ type: 'ready' });
  await handle.ready;
  assert.equal(wakes(), 3, 'once more when it is ready: it may have missed those before');
  handle.leave({ type: 'later' });
  assert.equal(wakes(), 3);
  says({ type: 'answer', error: null });
  says({ type: 'news' });
  says({ type: 'answer', error: 'no such device' });
  assert.deepEqual(await Promise.all(answers), [null, 'no such device']);
  const unanswered = handle.ask({ type: 'three' });
  stop.abort();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  handle.order({ type: 'too late' });
  ends(null);
  await run;
  assert.equal(await unanswered, 'the thread has ended');
  assert.deepEqual(posted, ['one', 'two', 'later', 'three', 'stop']);
  assert.deepEqual(reports, ['ready', 'news']);
});

test('a thread that an error ends fails the run, and is never ready', async () => {
  const { handle, ends } = open();
  const run = handle.run(new AbortController().signal);
  ends(new Error('out of memory'));
  const failure = { code: 'SNOOP_THREAD', message: 'the thread ended: out of memory' };
  await assert.rejects(run, failure);
  await assert.rejects(handle.ready, failure);
});
