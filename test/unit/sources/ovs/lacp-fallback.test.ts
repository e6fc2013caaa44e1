import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInterface, readPort } from '../../../../src/sources/ovs/translate.js';

const NONE = ['set', []];
const FALLBACK = { lacp: 'active', other_config: ['map', [['lacp-fallback-ab', 'true']]] };

/** Whether a bond falls back. @param current lacp_current of its two members */
function fallsBack(columns: object, ...current: unknown[]): boolean | undefined {
  const member = (n: number) => readInterface(`i${n}`, { name: `up${n}`, type: '', lacp_current: current[n] ?? NONE });
  return readPort('p', { name: 'bond', tag: NONE, trunks: NONE, cvlans: NONE, ...columns }, [member(0), member(1)]).bond
    ?.fallsBack;
}

test('a bond whose LACP may fall back does as long as no member has a partner', () => {
  assert.equal(fallsBack(FALLBACK, false, false), true);
  assert.equal(fallsBack({ ...FALLBACK, lacp: 'passive' }), true, 'nothing is told yet');
  assert.equal(fallsBack(FALLBACK, false, true), undefined, 'a partner on one link');
  assert.equal(fallsBack({ ...FALLBACK, other_config: ['map', []] }), undefined);
  for (const lacp of ['off', 'maybe', NONE]) assert.equal(fallsBack({ ...FALLBACK, lacp }), undefined, String(lacp));
});
