import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startThread } from '../../../src/sys/process/thread.js';
import type { Look } from '../../support/nursery-thread.js';

test('a thread has its nursery collected when that is over half full, and not before', async () => {
  const looks: Look[] = [];
  await new Promise<void>((resolve, reject) => {
    startThread<never, Look>(new URL('../../support/nursery-thread.js', import.meta.url), {
      message: (look) => looks.push(look),
      exit: (error) => (error ? reject(error) : resolve()),
    });
  });
  const [early, late] = looks;
  assert.ok(early && early.after >= early.before, `${early?.before} full, then ${early?.after}`);
  assert.ok(late && late.after < late.before / 2, `${late?.before} full, then ${late?.after}`);
});
