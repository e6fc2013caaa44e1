import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { GuestSnapshot } from '../../../src/guests/snapshot.js';
import { applyJournal, encodeChange, journalHead } from '../../../src/state/journal.js';
import type { SavedState } from '../../../src/state/document.js';

const HEAD = { bootId: 'this-boot', savedAt: 1700000000.123, bytes: 300_000 };
const A = '52:54:00:00:00:01' as Mac;
const B = '52:54:00:00:00:02' as Mac;
const BONDS = [{ ifindex: 3, name: 'bond0', activeSlave: { ifindex: 1, name: 'up1' } }];
const FAILED_OVER = [{ ifindex: 3, name: 'bond0', activeSlave: { ifindex: 2, name: 'up2' } }];

const at = (mac: Mac, device: string, lastSeen = 1): GuestSnapshot => ({
  mac,
  places: [
    { source: 'fdb', device: { ifindex: 7, name: device }, bridge: { ifindex: 5, name: 'br0' }, vlan: null, lastSeen },
  ],
  heard: [],
});
const gone = (mac: Mac): GuestSnapshot => ({ mac, places: [], heard: [] });
const state: SavedState = { savedAt: HEAD.savedAt, bonds: BONDS, guests: [at(A, 'tap1'), at(B, 'tap1')] };
const change = (guests: GuestSnapshot[], bonds = BONDS): string => [...encodeChange({ bonds, guests })].join('');

function read(...lines: string[]): { guests: string[]; slave: string | undefined; dropped: number } {
  const { state: read, dropped } = applyJournal(Buffer.from(lines.join('')), HEAD, state);
  const guests = read.guests.map(({ mac, places }) => `${mac.at(-1)} ${places[0]?.device.name}`).sort();
  return { guests, slave: read.bonds[0]?.activeSlave?.name, dropped };
}

const BOTH = { guests: ['1 tap1', '2 tap1'], slave: 'up1', dropped: 0 };

test('what has changed since the document counts, the latest last: moves, newcomers, who is gone, and a failover', () => {
  assert.deepEqual(read(journalHead(HEAD)), BOTH);
  const moved = [journalHead(HEAD), change([at(A, 'tap2')]), change([at(A, 'tap3')], FAILED_OVER)];
  assert.deepEqual(read(...moved), { guests: ['1 tap3', '2 tap1'], slave: 'up2', dropped: 0 });
  const went = [...moved, change([gone(A), at('52:54:00:00:00:03' as Mac, 'tap9')])];
  assert.deepEqual(read(...went), { guests: ['2 tap1', '3 tap9'], slave: 'up1', dropped: 0 });
});

test('a change that was not written to its end is none', () => {
  const lines = [journalHead(HEAD), change([at(A, 'tap2')])];
  const last = change([at(B, 'tap2'), gone(A)]);
  for (let length = 0; length < last.length; length++) {
    const { guests, dropped } = read(...lines, last.slice(0, length));
    assert.deepEqual([guests, dropped], [['1 tap2', '2 tap1'], 0], `${length}`);
  }
  assert.deepEqual(read(...lines, last).guests, ['2 tap2']);
});

test('the journal of another document, boot or version counts for nothing', () => {
  const line = change([gone(A)]);
  for (const head of [
    journalHead({ ...HEAD, bootId: 'another' }),
    journalHead({ ...HEAD, savedAt: HEAD.savedAt + 1 }),
    journalHead({ ...HEAD, bytes: 299_999 }),
    journalHead(HEAD).replace('"version":1', '"version":2'),
    '',
    journalHead(HEAD).slice(0, -1),
  ])
    assert.deepEqual(read(head, line), BOTH, head);
});

test('a guest whose entry is wrong is left out, and what follows a line that is none does not count', () => {
  const wrong = change([at(A, 'tap2')]).replace('"vlan":null', '"vlan":4095');
  assert.deepEqual(read(journalHead(HEAD), wrong), { guests: ['2 tap1'], slave: 'up1', dropped: 1 });
  const spoilt = read(journalHead(HEAD), change([at(A, 'tap2')]), '{"bonds":7}\n', change([gone(B)]));
  assert.deepEqual(spoilt, { guests: ['1 tap2', '2 tap1'], slave: 'up1', dropped: 1 });
});
