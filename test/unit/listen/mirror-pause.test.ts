import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MirrorPause } from '../../../src/listen/mirror-pause.js';

const WEEK = 7 * 24 * 3600;

/** How long after each loss a mirror may be set up again, each being whole for so many seconds. */
function pauses(pause: MirrorPause, lasted: readonly number[]): number[] {
  let now = 0;
  return lasted.map((seconds) => {
    now += seconds;
    pause.lost(now, seconds);
    const since = now;
    while (!pause.isOver(now, true)) now += 0.25;
    return now - since;
  });
}

test('a mirror that is lost once a week is set up again at once, each time', () => {
  assert.deepEqual(pauses(new MirrorPause(), Array<number>(5).fill(WEEK)), [0, 0, 0, 0, 0]);
});

test('one that is lost again and again is left out longer and longer, up to ten minutes', () => {
  const long = pauses(new MirrorPause(), Array<number>(15).fill(0));
  assert.deepEqual(long.slice(0, 6), [0, 1, 2, 4, 8, 16]);
  assert.deepEqual(long.slice(-3), [600, 600, 600]);
});

test('the pause grows shorter while a mirror lasts', () => {
  const pause = new MirrorPause();
  pauses(pause, Array<number>(7).fill(0)); // 64 s would be next
  assert.deepEqual(pauses(pause, [120]), [16]);
  assert.deepEqual(pauses(pause, [600, 0]), [0, 1]);
});

test('a mirror that is refused is tried less and less often, and at once when something has changed', () => {
  const pause = new MirrorPause();
  const tries: number[] = [];
  for (let now = 0; tries.length < 14; now++) {
    if (!pause.isOver(now, false)) continue;
    tries.push(now);
    pause.refused(now);
  }
  const waits = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
  assert.deepEqual(waits.slice(0, 4), [1, 2, 4, 8]);
  assert.equal(waits.at(-1), 600);
  assert.ok(pause.isOver((tries.at(-1) ?? 0) + 1, true));
});

test('a change does not cut the pause of one that was lost', () => {
  const pause = new MirrorPause();
  pause.lost(100, WEEK);
  pause.lost(100, 0);
  assert.equal(pause.isOver(100.5, true), false);
  assert.equal(pause.isOver(101, false), true);
});
