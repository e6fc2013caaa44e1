import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flaps } from '../../../src/plan/flaps.js';

test('two flaps in 10 s, and the bond is left to the kernel for a minute', () => {
  const flaps = new Flaps();
  assert.equal(flaps.flapped(100, 100.01), false);
  assert.equal(flaps.rests(101), false);
  assert.equal(flaps.flapped(109.9, 110), true);
  assert.deepEqual([flaps.rests(110), flaps.rests(169.9), flaps.rests(170.1)], [true, true, false]);
});

test('those before the minute do not count after it, nor do two that are further apart', () => {
  const flaps = new Flaps();
  flaps.flapped(1, 1);
  assert.equal(flaps.flapped(12, 12), false);
  assert.equal(flaps.flapped(21, 21), true);
  assert.equal(flaps.flapped(82, 82), false);
  assert.equal(flaps.rests(83), false);
});
