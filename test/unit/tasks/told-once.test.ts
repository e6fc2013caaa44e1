import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ToldOnce } from '../../../src/tasks/told-once.js';

test('a trouble is news when it begins, when its reason is another one, and after it was over', () => {
  const told = new ToldOnce<number>();
  const tries = [told.isNews(1, 'ENODEV'), told.isNews(1, 'ENODEV'), told.isNews(2, 'ENODEV'), told.isNews(1, 'EPERM')];
  assert.deepEqual(tries, [true, false, true, true]);
  told.over(1);
  assert.deepEqual([told.isNews(1, 'EPERM'), told.isNews(2, 'ENODEV')], [true, false]);
});

test('what is not there any more is forgotten', () => {
  const told = new ToldOnce<number>();
  for (const key of [1, 2]) told.isNews(key, 'ENODEV');
  told.keepOnly(new Set([2]));
  assert.deepEqual([told.isNews(1, 'ENODEV'), told.isNews(2, 'ENODEV')], [true, false]);
});
