import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VlanSet } from '../../../src/sources/vlan-set.js';

test('a set of VLANs has what a set of numbers has', () => {
  const step = fc.tuple(fc.boolean(), fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(1, 4094, 4095)));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [vlans, numbers] = [new VlanSet(), new Set<number>()];
      for (const [comes, vid] of steps) {
        if (comes) vlans.add(vid);
        else assert.equal(vlans.delete(vid), numbers.has(vid));
        if (comes) numbers.add(vid);
        else numbers.delete(vid);
      }
      const inOrder = [...numbers].sort((one, other) => one - other);
      assert.deepEqual([...vlans], inOrder);
      assert.deepEqual([...new VlanSet(vlans)], inOrder);
      assert.equal(vlans.size, numbers.size);
    }),
  );
});

test('what is no VLAN is in no set', () => {
  const vlans = new VlanSet();
  for (const vid of [-1, 4096, 65_535]) vlans.add(vid);
  assert.deepEqual([vlans.size, vlans.has(4096), vlans.delete(-1)], [0, false, false]);
});
