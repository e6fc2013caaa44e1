import { test } from 'node:test';
import assert from 'node:assert/strict';
import { labFor } from './net/lab.js';
test('hello', async (t) => {
  const t0 = performance.now();
  const lab = await labFor(t);
  t.diagnostic(`built in ${performance.now() - t0} ms`);
  console.log(await lab.learned('sw2'));
  await lab.cutLink(1);
  const t1 = performance.now();
  await lab.untilActive('up2');
  t.diagnostic(`failed over in ${performance.now() - t1} ms`);
  await lab.mendLink(1);
  console.log(await lab.learned('sw2'));
  assert.equal(lab.activeSlave(), 'up2');
});
