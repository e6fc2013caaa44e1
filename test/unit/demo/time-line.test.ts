import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Look } from '../../lab/demo/draw/look.js';
import { axis, markers, scaleFor, shares, timeLine, type Sample } from '../../lab/demo/draw/time-line.js';

const PLAIN: Look = { columns: 80, colour: false, unicode: true };
const ASCII: Look = { ...PLAIN, unicode: false };
const SCALE = { from: -200, to: 800, cellMs: 100 };

/** A packet every 10 ms, lost in the time given. */
function stream(lostFrom: number, lostTo: number): Sample[] {
  return Array.from({ length: 100 }, (_, n) => n * 10 - 200).map((at) => ({
    at,
    sent: 1,
    arrived: at >= lostFrom && at < lostTo ? 0 : 1,
  }));
}

test('a cell is full where all packets arrived, a dot where none did, and as high as their share between', () => {
  assert.equal(timeLine(stream(0, 250), SCALE, PLAIN), '██··▄█████');
  assert.equal(timeLine(stream(0, 1000), SCALE, PLAIN), '██········');
  assert.equal(timeLine(stream(0, 250), SCALE, ASCII), '##..-#####');
});

test('a single packet lost leaves a mark', () => {
  assert.equal(timeLine(stream(300, 310), SCALE, PLAIN), '█████▇████');
});

test('while the run goes on, packets still on their way are no outage, and the future is blank', () => {
  const soFar = [
    { at: -150, sent: 20, arrived: 20 },
    { at: -50, sent: 20, arrived: 16 },
    { at: 50, sent: 20, arrived: 0 },
  ];
  assert.equal(timeLine(soFar, SCALE, PLAIN, true), '██·       ');
});

test('a cell in which nothing was sent looks like the one before, not like an outage', () => {
  const paused = stream(0, 0).filter(({ at }) => at < 100 || at >= 200);
  assert.deepEqual(shares(paused, SCALE), Array(10).fill(1));
});

test('packets outside the picture are left out', () => {
  assert.deepEqual(
    shares(
      [
        { at: -900, sent: 1, arrived: 1 },
        { at: 5000, sent: 1, arrived: 0 },
      ],
      SCALE,
    ),
    Array(10).fill(null),
  );
});

test('light and dark are painted apart', () => {
  const painted = timeLine(stream(0, 200), SCALE, { ...PLAIN, colour: true });
  assert.equal(painted, '\x1b[32m██\x1b[0m\x1b[31m··\x1b[0m\x1b[32m██████\x1b[0m');
});

test('the scale has round steps and fits into the cells there are', () => {
  assert.equal(scaleFor(-500, 5000, 55).cellMs, 100);
  assert.equal(scaleFor(-500, 5000, 54).cellMs, 125);
  assert.equal(scaleFor(-500, 5000, 110).cellMs, 50);
});

test('the marks stand over their cells, side by side at least', () => {
  assert.equal(markers(310, SCALE, PLAIN), '  ▼  ▽ link cut, bond on up2 310 ms later');
  assert.equal(markers(20, SCALE, PLAIN), '  ▼▽ link cut, bond on up2 20 ms later');
  assert.equal(markers(null, SCALE, ASCII), '  x link cut');
});

test('the labels of the axis begin at their cells', () => {
  assert.equal(axis({ from: -500, to: 2000, cellMs: 100 }, 1000, 's', PLAIN), '     0         1 s       2 s');
});
