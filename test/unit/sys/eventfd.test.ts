import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainEventfd, Eventfd, waitForAny } from '../../../src/sys/eventfd.js';

test('an eventfd ends the waiting until it is drained, however often it was signalled', (t) => {
  const eventfd = new Eventfd();
  t.after(() => eventfd.close());
  assert.deepEqual(waitForAny([eventfd.fd], 0), []);
  eventfd.signal();
  eventfd.signal();
  assert.deepEqual(waitForAny([eventfd.fd], 60_000), [eventfd.fd]);
  assert.deepEqual(waitForAny([eventfd.fd], 60_000), [eventfd.fd]);
  drainEventfd(eventfd.fd);
  assert.deepEqual(waitForAny([eventfd.fd], 0), []);
});

test('an eventfd that is closed signals nothing, not at the next owner of its descriptor', (t) => {
  const eventfd = new Eventfd();
  eventfd.close();
  const other = new Eventfd();
  t.after(() => other.close());
  eventfd.signal();
  eventfd.close();
  assert.deepEqual(waitForAny([other.fd], 0), []);
});
