import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SmallMap } from '../../../src/addr/small-map.js';

const anyStep = fc.record({ do: fc.constantFrom('set', 'set', 'delete'), key: fc.nat(5), value: fc.nat(9) });

test('after any sequence of changes a small map is as a Map would be', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const [small, model] = [new SmallMap<number, number>(), new Map<number, number>()];
      for (const { do: what, key, value } of steps) {
        if (what === 'set') {
          small.set(key, value);
          model.set(key, value);
        } else assert.equal(small.delete(key), model.delete(key));
        assert.deepEqual([...small], [...model]);
        assert.deepEqual([[...small.keys()], [...small.values()]], [[...model.keys()], [...model.values()]]);
        assert.deepEqual([small.size, small.get(key), small.has(key)], [model.size, model.get(key), model.has(key)]);
      }
      small.clear();
      assert.deepEqual([small.size, [...small]], [0, []]);
    }),
  );
});

test('who goes over a small map may delete what he is given, and is not given what is gone', () => {
  for (const size of [1, 2, 3, 4]) {
    const map = new SmallMap<number, number>();
    for (let key = 0; key < size; key++) map.set(key, key);
    const seen: number[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete(key);
      if (key === 0) map.delete(size - 1);
    }
    assert.deepEqual([seen, map.size], [size === 1 ? [0] : [...Array(size - 1).keys()], 0]);
  }
});
