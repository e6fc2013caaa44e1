import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../src/config/leaves.js';

const GOOD: [text: string, seconds: number][] = [
  ['0s', 0],
  ['500ms', 0.5],
  ['1.1s', 1.1],
  ['180s', 180],
  ['5m', 300],
  ['24h', 86_400],
  ['1d', 86_400],
  ['1h30m', 5400],
  ['1s500ms', 1.5],
];

for (const [text, seconds] of GOOD) test(`${text} is ${seconds} s`, () => assert.equal(parseDuration(text), seconds));

for (const text of [
  '',
  '5',
  '1.1',
  's',
  '-1s',
  '1 s',
  '1S',
  '1,5s',
  '.5s',
  '1.s',
  '1w',
  '1s ',
  '1e3s',
  `${'9'.repeat(400)}d`,
]) {
  test(`${JSON.stringify(text.slice(0, 20))} is no duration`, () => assert.equal(parseDuration(text), undefined));
}
