import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { furtherPlaces, MAX_VLANS, Shares } from '../../../src/shares.js';

test('the first of each is free, the rest shares one limit', () => {
  const shares = new Shares<string>(2);
  for (const key of ['a', 'b', 'c']) shares.set(key, 1);
  assert.deepEqual([shares.isFull, shares.isOver], [false, false]);
  shares.set('a', 3);
  assert.deepEqual([shares.isFull, shares.isOver, shares.greediest()], [true, false, 'a']);
  shares.set('b', 2);
  assert.deepEqual([shares.isOver, shares.greediest()], [true, 'a']);
  shares.set('a', 0);
  assert.deepEqual([shares.isFull, shares.greediest()], [false, 'b']);
});

test('however few MACs there may be, one of them may be in every VLAN', () => {
  assert.deepEqual([furtherPlaces(1), furtherPlaces(65_536)], [MAX_VLANS, 32_768]);
});

test('whoever holds what, the sum and the greediest are those of a plain list', () => {
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(6));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (steps, limit) => {
      const shares = new Shares<string>(limit);
      const held = new Map<string, number>();
      for (const [key, count] of steps) {
        shares.set(key, count);
        held.set(key, count);
        const beyond = [...held.values()].reduce((sum, each) => sum + Math.max(0, each - 1), 0);
        const most = Math.max(...held.values());
        assert.deepEqual([shares.isFull, shares.isOver], [beyond >= limit, beyond > limit]);
        if (most > 1) assert.equal(held.get(shares.greediest() ?? ''), most);
        else assert.equal(shares.greediest(), undefined, 'one is free');
      }
    }),
  );
});
