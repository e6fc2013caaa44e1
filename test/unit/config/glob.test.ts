import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globPattern } from '../../../src/config/glob.js';

const CASES: [string, string[], string[]][] = [
  ['tap1', ['tap1'], ['tap10', 'xtap1']],
  ['tap*', ['tap', 'tap1', 'tap-a.b'], ['ta', 'xtap']],
  ['tap?', ['tap1', 'tap.'], ['tap', 'tap12']],
  ['vnet[0-9]', ['vnet7'], ['vnetx', 'vnet12']],
  ['vnet[!0-9]', ['vnetx'], ['vnet7']],
  ['a[]x]b', ['a]b', 'axb'], ['ab']],
  ['a[^b', ['a[^b'], ['ab', 'a^b']],
  ['a[^b]c', ['a^c', 'abc'], ['axc']],
  ['br.0', ['br.0'], ['brx0']],
  ['(a|b)+', ['(a|b)+'], ['a', 'ab']],
  ['*-a*b?', ['-ab1', 'x-a-ayb-bz'], ['-a', 'a-b-', '-ab']],
  ['**', ['', 'a'], []],
  ['[a-c-]', ['b', '-'], ['d', 'a-']],
  ['[\u{1f600}-\u{1f602}]?', ['\u{1f601}\u{1f601}'], ['\u{1f603}a']],
  ['crasher [b-a]', [], ['crasher b', 'crasher a', 'crasher -']],
];

for (const [glob, matches, others] of CASES) {
  test(`${glob} stands for ${matches.join(', ')}, and not for ${others.join(', ')}`, () => {
    for (const name of matches) assert.ok(globPattern(glob).test(name), name);
    for (const name of others) assert.ok(!globPattern(glob).test(name), name);
  });
}

test('a name without any of the signs stands for itself; no glob is an error', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (glob) => void globPattern(glob)));
  const plain = fc.string().filter((text) => !/[*?[]/.test(text));
  fc.assert(fc.property(plain, plain, (glob, name) => globPattern(glob).test(name) === (glob === name)));
});

test('crasher: a name that fits many stars almost is looked at in no time', () => {
  const pattern = globPattern(`${'*a'.repeat(31)}b`);
  const name = 'a'.repeat(4000);
  assert.ok(!pattern.test(name)); // a regular expression would not come back
  assert.ok(pattern.test(`${name}b`));
});
