import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../src/config/nearest.js';

const KEYS = ['bonds', 'announce', 'guests', 'metrics', 'stateDir', 'na', 'arp', 'log'];

const MEANT: [typed: string, meant: string | undefined][] = [
  ['bond', 'bonds'],
  ['Bonds', 'bonds'],
  ['anounce', 'announce'],
  ['annuonce', 'announce'],
  ['guest', 'guests'],
  ['statedir', 'stateDir'],
  ['state_dir', 'stateDir'],
  ['metircs', 'metrics'],
  ['rap', 'arp'],
  ['xx', undefined],
  ['foo', undefined],
  ['ax', undefined],
  ['', undefined],
  ['interfaces', undefined],
  ['bonds'.repeat(1000), undefined],
];

for (const [typed, meant] of MEANT) {
  test(`${JSON.stringify(typed.slice(0, 20))} is probably ${meant ?? 'none of the keys'}`, () => {
    assert.equal(nearest(typed, KEYS), meant);
  });
}
