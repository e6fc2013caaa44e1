import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../src/config/read-config.js';
import { readHost } from '../../../src/host/read-host.js';
import { systemClock } from '../../../src/sys/clock.js';

const LIMIT = 10;

test('a kernel may take longer than the limit for all its tables, as long as it goes on telling', async () => {
  let begun = 0;
  const clock = {
    ...systemClock,
    after: (seconds: number, call: () => void) => {
      if (seconds === LIMIT) begun++;
      return systemClock.after(seconds, call);
    },
  };
  const live = await readHost(readConfig(null).config, clock);
  live.close();
  assert.ok(begun > 4, `the time began ${begun} times: with each answer`);
});
