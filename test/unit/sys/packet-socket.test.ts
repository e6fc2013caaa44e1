import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { openDescriptors } from '../../../src/sys/packets/packet-socket.js';

test('a descriptor that is opened after the list was read is not in the list', () => {
  const before = openDescriptors();
  const fd = openSync('/dev/null', 'r'); // gets the lowest number that is free
  try {
    assert.deepEqual([before.has(fd), openDescriptors().has(fd)], [false, true]);
  } finally {
    closeSync(fd);
  }
});
