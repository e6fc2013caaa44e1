import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReportOnce } from '../../../src/tasks/report-once.js';

test('a trouble is news when it begins, when its reason is another one, and after it was over', () => {
  const told = new ReportOnce<number>();
  const tries = [told.isNew(1, 'ENODEV'), told.isNew(1, 'ENODEV'), told.isNew(2, 'ENODEV'), told.isNew(1, 'EPERM')];
  assert.deepEqual(tries, [true, false, true, true]);
  told.over(1);
  assert.deepEqual([told.isNew(1, 'EPERM'), told.isNew(2, 'ENODEV')], [true, false]);
});

test('what is not there any more is forgotten', () => {
  const told = new ReportOnce<number>();
  for (const key of [1, 2]) told.isNew(key, 'ENODEV');
  told.keepOnly(new Set([2]));
  assert.deepEqual([told.isNew(1, 'ENODEV'), told.isNew(2, 'ENODEV')], [true, false]);
});
