import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Damping, ownCell, TokenBucket } from '../../../src/plan/limits.js';
import { TurnQueue } from '../../../src/plan/turns.js';

test('a bucket keeps its tokens when its rate changes, as far as they fit', () => {
  const bucket = new TokenBucket({ rate: 8, burst: 4 });
  bucket.take(3, 100);
  bucket.configure({ rate: 1, burst: 100 }, 100);
  assert.equal(bucket.available(100), 1);
  assert.equal(bucket.available(110), 11);
  bucket.configure({ rate: 1000, burst: 5 }, 110);
  assert.equal(bucket.available(110), 5, 'the burst has no room for more');
  bucket.take(5, 110);
  bucket.configure({ rate: 2, burst: 1000 }, 110);
  assert.equal(bucket.available(110.9), 1, 'and none is given away');
});

test('a debt is kept in frames, not in time', () => {
  const bucket = new TokenBucket({ rate: 8, burst: 4 });
  bucket.draw(6, 100, 1);
  bucket.configure({ rate: 1, burst: 4 }, 100);
  assert.equal(bucket.readyAt(1, 100), 103, 'two are owed, the third is free');
});

test('without a limit there is nothing to keep; with one again the bucket is full', () => {
  const bucket = new TokenBucket({ rate: 1, burst: 2 });
  bucket.take(2, 100);
  bucket.configure('unlimited', 100);
  assert.equal(bucket.take(1e6, 100), 1e6);
  bucket.configure({ rate: 1, burst: 3 }, 101);
  assert.equal(bucket.available(101), 3);
});

test('of two who share the number one tells it in the new rate; what the other drew at the old one starves nobody', () => {
  const cell = ownCell();
  const [thread, main] = [
    new TokenBucket({ rate: 0.1, burst: 10 }, cell),
    new TokenBucket({ rate: 0.1, burst: 10 }, cell),
  ];
  main.take(4, 100);
  thread.configure({ rate: 1000, burst: 100 }, 100);
  assert.equal(thread.available(100), 6);
  main.take(1, 100); // at the old rate: ten seconds
  assert.equal(thread.available(105), 0);
  main.follow({ rate: 1000, burst: 100 }, 105);
  assert.equal(thread.available(105.1), 100);
});

test('damping goes on counting what was announced before, by the new window', () => {
  const damping = new Damping({ failovers: 4, within: 180, holdOff: 30 });
  for (const at of [0, 10, 20]) assert.equal(damping.failover(at), null);
  damping.configure({ failovers: 2, within: 100, holdOff: 5 });
  assert.equal(damping.failover(30), 110, 'of the last two, the first was at 10');
  assert.equal(damping.release(110), true);
  damping.configure({ failovers: 3, within: 1000, holdOff: 5 });
  assert.equal(damping.failover(111), null, 'two are known');
  assert.equal(damping.failover(112), 1020);
});

test('what is held back is announced when that was promised, whatever the settings are by then', () => {
  for (const holdOff of [0, 3600]) {
    const damping = new Damping({ failovers: 1, within: 60, holdOff: 10 });
    damping.failover(0);
    assert.equal(damping.failover(1), 60);
    damping.configure({ failovers: 1, within: 60 + holdOff, holdOff });
    assert.equal(damping.release(59), false);
    assert.equal(damping.release(60), true);
  }
});

test('a queue that is cleared has nobody, and takes newcomers', () => {
  const queue = new TurnQueue<{ id: string }>();
  for (const id of ['a', 'b', 'c']) queue.join({ id });
  queue.head();
  queue.shift();
  queue.putBack([{ id: 'a' }]);
  queue.clear();
  assert.deepEqual([queue.size, queue.head()], [0, undefined]);
  queue.join({ id: 'b' });
  assert.equal(queue.head()?.id, 'b');
});
