import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import { Holders, TurnQueue } from '../../../src/plan/turns.js';

const anyStep = fc.oneof(
  fc.record({ do: fc.constant('join' as const), id: fc.constantFrom(...'abcdefgh') }),
  fc.record({ do: fc.constant('shift' as const) }),
  fc.record({ do: fc.constant('callForward' as const), id: fc.constantFrom(...'abcdefgh') }),
  fc.record({ do: fc.constant('putBack' as const), count: fc.integer({ min: 1, max: 4 }) }),
);

test('whatever happens, each waits once, in the order of coming; those put back are first, then those called forward', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const queue = new TurnQueue<{ id: string }>();
      let called: string[] = []; // put back
      let ahead: string[] = [];
      let waiting: string[] = [];
      for (const step of steps) {
        const model = [...called, ...ahead, ...waiting];
        if (step.do === 'join') {
          queue.join({ id: step.id });
          if (!model.includes(step.id)) waiting.push(step.id);
        } else if (step.do === 'callForward') {
          assert.equal(queue.callForward(step.id), waiting.includes(step.id));
          if (waiting.includes(step.id)) ahead.push(step.id);
          waiting = waiting.filter((id) => id !== step.id);
        } else {
          const count = step.do === 'shift' ? 1 : step.count;
          const served: { id: string }[] = [];
          for (let head = queue.head(); head && served.length < count; head = queue.head()) {
            served.push(head);
            queue.shift();
          }
          const ids = served.map(({ id }) => id);
          assert.deepEqual(ids, model.slice(0, count));
          const left = (each: readonly string[]): string[] => each.filter((id) => !ids.includes(id));
          [called, ahead, waiting] = [left(called), left(ahead), left(waiting)];
          if (step.do === 'putBack') {
            queue.putBack(served);
            called = [...ids, ...called];
          }
        }
        const now = [...called, ...ahead, ...waiting];
        assert.equal(queue.size, now.length);
        assert.equal(queue.head()?.id, now[0]);
      }
    }),
    { numRuns: 500 },
  );
});

test('an address is found with all who have it, each once, in whatever VLAN', () => {
  const holders = new Holders();
  const [one, two] = ['10.0.0.1', '10.0.0.2'] as Ip[];
  assert.ok(one !== undefined && two !== undefined);
  for (const key of ['a', 'a', 'b', 'a', 'b']) holders.note(one, key);
  holders.note(two, 'b');
  assert.deepEqual([holders.of(one), holders.of(two), holders.of('10.0.0.3' as Ip)], [['a', 'b'], ['b'], []]);
  holders.clear();
  assert.deepEqual(holders.of(one), []);
});
