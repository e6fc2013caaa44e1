import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Smallest } from '../../../src/http/page-guests.js';

test('the smallest are those that sorting would put first, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 })), fc.nat({ max: 10 }), (texts, most) => {
      const smallest = new Smallest(most + 1);
      for (const text of texts) smallest.add(text);
      assert.deepEqual(smallest.inOrder, [...new Set(texts)].sort().slice(0, most + 1));
    }),
  );
});
