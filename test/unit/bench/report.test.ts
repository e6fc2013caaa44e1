import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptance } from '../../bench/report/acceptance.js';
import { chart } from '../../bench/report/chart.js';
import { duration, table } from '../../bench/report/table.js';
import { EventReader, eventLine } from '../../bench/events.js';
import { exponents } from '../../bench/growth.js';
import { type FirstRound, OTHER_BUILD } from '../../bench/results.js';
import { quantile, spread } from '../../bench/statistics.js';

function round(contestant: string, macs: number, microseconds: number, everyMacOnce = true): FirstRound {
  const firstToLast = spread([microseconds]);
  return { contestant, macs, toFirst: null, firstToLast, everyMacOnce, fewestMacs: macs, mostFrames: macs };
}

test('a quantile lies between its neighbours, in any order', () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(spread([]), null);
});

test('a ratio at its limit is held, and one above is missed', () => {
  const held = (ours: number): boolean | undefined =>
    acceptance({ firstRound: [round('bondherald', 1000, ours), round('C program', 1000, 1000)] })[0]?.held;
  assert.equal(held(1500), true);
  assert.equal(held(1501), false);
});

test('a MAC that came twice or not at all is missed', () => {
  const rows = [round('bondherald', 50_000, 100, false), round('C program', 50_000, 100)];
  const line = acceptance({ firstRound: rows }).find(({ what }) => what.includes('exactly once'));
  assert.equal(line?.held, false);
});

test('static rows are held against the other build, and a guest without gratuitous ARP is missed', () => {
  const row = { guests: 20, rows: 81_900, runs: 1, rateAloneMs: 2000 };
  const other = { ...row, contestant: OTHER_BUILD, readyMs: 36_000, megabytes: 200 };
  const held = (without: number): boolean[] => {
    const ours = { ...row, contestant: 'bondherald', readyMs: 3000, megabytes: 120, lastGarpMs: 2200, without };
    const lines = acceptance({ staticRows: [ours, { ...other, lastGarpMs: 34_000, without: 3 }] });
    return lines.map((line) => line.held);
  };
  assert.deepEqual(held(0), [true, true, true]);
  assert.deepEqual(held(1), [true, true, false]);
});

test('what re-joins add is held against the same build without them', () => {
  const spreadOf = (us: number) => ({ runs: 3, median: us, p90: us, p99: us, min: us, max: us });
  const row = { guests: 10_000, runs: 3, frames: 0 };
  const without = { ...row, contestant: 'without', lastRarp: spreadOf(1000), end: spreadOf(100_000) };
  const held = (rarp: number, end: number): boolean[] => {
    const ours = { ...row, contestant: 'with re-joins', lastRarp: spreadOf(rarp), end: spreadOf(end) };
    return acceptance({ groups: [ours, without] }).map((line) => line.held);
  };
  assert.deepEqual(held(1100, 111_000), [true, false]);
  assert.deepEqual(held(1101, 110_000), [false, true]);
});

test('sections that were not measured say nothing', () => {
  assert.deepEqual(acceptance({}), []);
});

test('durations are written in the unit that people would use', () => {
  const written = [0.4e3, 1.5e3, 15e3, 150e3, 1.5e6].map(duration);
  assert.deepEqual(written, ['400 µs', '1.50 ms', '15.0 ms', '150 ms', '1.5 s']);
  assert.equal(duration(null), '-');
});

test('the columns of a table are as wide as their widest cell', () => {
  assert.equal(table(['a', 'b'], [['long', 'x']]), '| a    | b   |\n| ---- | --- |\n| long | x   |');
});

test('a chart has one bar for each first round, inside its frame', () => {
  const svg = chart([round('bondherald', 10, 20), round('Open vSwitch', 10, 2_000_000), round('C program', 100, 100)]);
  const bars = [...svg.matchAll(/<rect x="(\d+)" y="\d+" width="([\d.]+)"/g)];
  assert.equal(bars.length, 3);
  for (const [, x, width] of bars) assert.ok(Number(x) + Number(width) < 860);
});

test('events are found between other lines, also in pieces', () => {
  const seen: unknown[] = [];
  const reader = new EventReader((event) => seen.push(event));
  const line = eventLine({ bench: 'step', text: 'one' });
  for (const piece of ['noise\n', line.slice(0, 5), line.slice(5), 'more']) reader.feed(piece);
  assert.deepEqual(seen, [{ bench: 'step', text: 'one' }]);
  assert.deepEqual(reader.noise, ['noise']);
});

test('growth is told as a power of the number of guests, and what grows faster than allowed is named', () => {
  const row = { what: 'a device comes', sizes: [100, 1000, 10_000], others: null };
  const powers = (...figures: number[]): string[] =>
    exponents({ ...row, figures }).map((power) => power?.toFixed(2) ?? 'too small');
  assert.deepEqual(powers(2, 20, 200), ['1.00', '1.00']);
  assert.deepEqual(powers(2, 200, 20_000), ['2.00', '2.00']);
  assert.deepEqual(powers(0.01, 0.4, 4), ['too small', '1.00']);
  const held = (...figures: number[]): boolean[] =>
    acceptance({ growth: [{ ...row, figures }] }).map((line) => line.held);
  assert.deepEqual([held(2, 20, 220), held(2, 20, 300)], [[true], [false]]);
});

test('what is compared with the other build, or at two sizes, has a line only where both were measured', () => {
  const megabytes = (
    contestant: string,
    guests: number,
    addresses: boolean,
    figure: number,
    lastMs: number | null,
  ) => ({
    ...{ contestant, guests, addresses, megabytes: figure, ownMegabytes: 0, lastMs, missing: 0, runs: 1 },
  });
  const milliseconds = (value: number) => spread([value]) ?? assert.fail();
  const ready = (bonds: number, readyMs: number) => ({ bonds, contestant: 'bondherald', readyMs, runs: 1 });
  const lines = acceptance({
    start: [
      { what: 'exec to ready', contestant: 'bondherald', milliseconds: milliseconds(50) },
      { what: 'exec to ready', contestant: OTHER_BUILD, milliseconds: milliseconds(100) },
      { what: 'alone', contestant: 'bondherald', milliseconds: milliseconds(1) },
    ],
    memory: [
      megabytes('bondherald', 1000, false, 60, null),
      megabytes(OTHER_BUILD, 1000, false, 100, null),
      megabytes('bondherald', 10_000, true, 1, 100),
      megabytes('bondherald', 50_000, true, 60, 560),
      megabytes(OTHER_BUILD, 50_000, true, 100, 100),
    ],
    bonds: [ready(1, 1000), ready(16, 1400)],
  });
  assert.deepEqual(
    lines.map(({ figure, held }) => `${figure} ${held}`),
    ['0.50 times false', '0.60 times true', '0.60 times false', '5.60 times false', '1.40 times true'],
  );
});
