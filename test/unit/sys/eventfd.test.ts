import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bell, quieten } from '../../../src/sys/eventfd.js';
import { waitForAny } from '../../../src/sys/poll.js';

test('a bell ends the waiting until it is quietened, however often it was rung', (t) => {
  const bell = new Bell();
  t.after(() => bell.close());
  assert.deepEqual(waitForAny([bell.fd], 0), []);
  bell.ring();
  bell.ring();
  assert.deepEqual(waitForAny([bell.fd], 60_000), [bell.fd]);
  assert.deepEqual(waitForAny([bell.fd], 60_000), [bell.fd]);
  quieten(bell.fd);
  assert.deepEqual(waitForAny([bell.fd], 0), []);
});

test('a bell that is closed rings nowhere, not at the next owner of its descriptor', (t) => {
  const bell = new Bell();
  bell.close();
  const other = new Bell();
  t.after(() => other.close());
  bell.ring();
  bell.close();
  assert.deepEqual(waitForAny([other.fd], 0), []);
});
