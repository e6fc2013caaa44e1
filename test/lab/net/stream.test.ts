import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainBridge, Hypervisor, type Guest } from './hypervisor.js';
import { guestRecord } from './stream.js';

const hv = new Hypervisor();
plainBridge(1)(hv);
const guest = hv.guests[0] as Guest;

/** Packets every 5 ms from time 1000; `line` has a letter for each that arrived, a dot for each lost. */
function record(line: string): ReturnType<typeof guestRecord> {
  const sentAt = [...line].map((_, seq) => 1000 + seq * 5);
  const arrivals = [...line].flatMap((letter, seq) => (letter === '.' ? [] : [seq]));
  return guestRecord(guest, sentAt, arrivals, 5);
}

test('an outage lasts from the first packet lost to the first that arrived after it', () => {
  assert.deepEqual(record('xx...xx').outages, [{ from: 1010, to: 1025 }]);
  assert.equal(record('xx...x.x').longestOutage, 15);
  assert.equal(record('x.x..x').outages.length, 2);
});

test('an outage that lasts to the end is measured to the end', () => {
  assert.deepEqual([record('xx...').longestOutage, record('xx...').darkAtEnd], [15, true]);
});

test('without a loss there is no outage', () => {
  assert.deepEqual([record('xxxx').longestOutage, record('xxxx').darkAtEnd], [0, false]);
});
