import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownCell, TokenBucket } from '../../../src/plan/limits.js';

const RATE = { rate: 8, burst: 4 };

test('a bucket gives its burst at once, and then as much as its rate', () => {
  const bucket = new TokenBucket(RATE);
  assert.equal(bucket.available(100), 4);
  assert.equal(bucket.take(9, 100), 4);
  assert.equal(bucket.take(9, 100.1), 0);
  assert.equal(bucket.readyAt(1, 100.1), 100.125);
  assert.equal(bucket.take(9, 100.125), 1);
  assert.equal(bucket.take(9, 1e6), 4, 'no more than the burst, however long it was quiet');
});

test('tokens of frames that were not sent come back', () => {
  const bucket = new TokenBucket(RATE);
  bucket.take(4, 100);
  bucket.giveBack(3);
  assert.equal(bucket.take(9, 100), 3);
});

test('what others have sent is drawn on credit, and the debt is bounded', () => {
  const bucket = new TokenBucket(RATE);
  bucket.draw(6, 100, 1);
  assert.equal(bucket.available(100.37), 0);
  assert.equal(bucket.available(100.375), 1, 'two are owed, the third is free');
  bucket.draw(1e6, 101, 1);
  assert.equal(bucket.readyAt(1, 101), 102.125, 'what the rate gives in a second, and one more');
  bucket.draw(0, 101, 1);
  assert.equal(bucket.readyAt(1, 101), 102.125);
});

test('a debt is not made smaller by a bound that was greater when it was made', () => {
  const bucket = new TokenBucket(RATE);
  bucket.draw(100, 100, 3);
  bucket.draw(1, 100, 1);
  assert.equal(bucket.readyAt(1, 100), 103.125);
});

test('a fast bucket is waited for in portions, a slow one token by token', () => {
  const fast = new TokenBucket({ rate: 2000, burst: 1000 });
  fast.take(1000, 100);
  assert.equal(fast.readyAt(5000, 100), 100.01);
  assert.equal(fast.take(5000, 100.01), 20);
  assert.equal(fast.readyAt(3, 100.01), 100.0115);
});

test('without a limit there are always tokens', () => {
  const bucket = new TokenBucket('unlimited');
  bucket.draw(1e9, 100, 1);
  assert.deepEqual([bucket.take(1e6, 100), bucket.available(100), bucket.readyAt(9, 100)], [1e6, Infinity, 100]);
});

test('two who share a cell share the tokens', () => {
  const cell = ownCell();
  const [one, other] = [new TokenBucket(RATE, cell), new TokenBucket(RATE, cell)];
  assert.equal(one.take(3, 100) + other.take(3, 100), 4);
});

test('tokens that another thread takes at the same time are not taken twice', () => {
  const cell = ownCell();
  const other = new TokenBucket(RATE, cell);
  let meddled = false;
  const bucket = new TokenBucket(RATE, {
    load: () => cell.load(),
    replace(expected, next) {
      if (!meddled) other.take(3, 100);
      meddled = true;
      return cell.load() === expected && cell.replace(expected, next);
    },
  });
  assert.equal(bucket.take(3, 100), 1);
});

test('when it says that tokens are ready, they are', () => {
  const anyRate = fc.record({
    rate: fc.double({ min: 0.5, max: 1e5, noNaN: true }),
    burst: fc.integer({ min: 1, max: 2000 }),
  });
  fc.assert(
    fc.property(anyRate, fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 30 }), (rate, wishes) => {
      const bucket = new TokenBucket(rate);
      let now = 12345.678901;
      let taken = 0;
      for (const wish of wishes) {
        now = bucket.readyAt(wish, now);
        const got = bucket.take(wish, now);
        assert.ok(got >= 1);
        taken += got;
      }
      assert.ok(taken <= rate.burst + rate.rate * (now - 12345.678901) + 1e-3 * taken);
    }),
  );
});
