import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TurnQueue } from '../../../src/plan/turns.js';

const anyStep = fc.oneof(
  fc.record({ do: fc.constant('join' as const), id: fc.constantFrom(...'abcdefgh') }),
  fc.record({ do: fc.constant('shift' as const) }),
  fc.record({ do: fc.constant('putBack' as const), count: fc.integer({ min: 1, max: 4 }) }),
);

test('whatever happens, each waits once, in the order of coming, and those put back are first', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const queue = new TurnQueue<{ id: string }>();
      let model: string[] = [];
      for (const step of steps) {
        if (step.do === 'join') {
          queue.join({ id: step.id });
          if (!model.includes(step.id)) model.push(step.id);
        } else if (step.do === 'shift') {
          assert.equal(queue.head()?.id, model[0]);
          queue.shift();
          model.shift();
        } else {
          const called: { id: string }[] = [];
          for (let head = queue.head(); head && called.length < step.count; head = queue.head()) {
            called.push(head);
            queue.shift();
          }
          queue.putBack(called);
          model = [...called.map(({ id }) => id), ...model.slice(called.length)];
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.head()?.id, model[0]);
      }
    }),
    { numRuns: 500 },
  );
});
