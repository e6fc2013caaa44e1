import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/sys/clock.js';

const INTERVAL_MS = 50;

/** When each of so many calls came, in ms. */
function beats(calls: number): Promise<number[]> {
  return new Promise((resolve) => {
    const times: number[] = [];
    const end = systemClock.every(INTERVAL_MS / 1000, () => {
      if (times.push(performance.now()) < calls) return;
      end();
      resolve(times);
    });
  });
}

test('who is called at an interval is called at its multiples, whenever that began, and once for each', async () => {
  const one = beats(8);
  await new Promise((resolve) => systemClock.after(0.02, () => resolve(null)));
  for (const times of await Promise.all([one, beats(6)])) {
    // A busy machine makes calls late; half an interval early is what would be a second call for one multiple.
    const multiples = times.map((time) => Math.floor((time + 2) / INTERVAL_MS));
    assert.equal(new Set(multiples).size, times.length, times.join(' '));
    const late = times.map((time) => (time + 2) % INTERVAL_MS);
    assert.ok(Math.min(...late) < INTERVAL_MS / 3, `some come when they are due: ${times.join(' ')}`);
  }
});
