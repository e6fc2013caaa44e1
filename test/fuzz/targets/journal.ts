import assert from 'node:assert/strict';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import { decodeState } from '../../../src/state/decode.js';
import { encodeState, type SavedState } from '../../../src/state/document.js';
import { applyJournal, encodeChange, journalHead } from '../../../src/state/journal.js';
import { bytesOf, type Target } from '../engine/target.js';
import { JSON_TOKENS } from './request.js';

const HEAD = { bootId: '1e7b9e0c-93a5-4f0b-8b3b-2a6f6f0f7a11', savedAt: 1700000000.5, bytes: 300_000 };
const MACS = [1, 2, 3].map((n) => parseMac(`52:54:00:00:00:0${n}`)).filter((mac) => mac !== undefined);
const BRIDGE = { ifindex: 5, name: 'br0' };
const guests = MACS.map((mac, n) => ({
  mac,
  places: [
    { source: 'fdb' as const, device: { ifindex: 7 + n, name: `tap${n}` }, bridge: BRIDGE, vlan: null, lastSeen: 9 },
  ],
  heard: [],
}));
const bonds = [{ ifindex: 3, name: 'bond0', activeSlave: { ifindex: 1, name: 'up1' } }];
const STATE: SavedState = { savedAt: HEAD.savedAt, bonds, guests: guests.slice(0, 2) };

/** What was read is right, and can be written as a document that is read back. */
function assertState(state: SavedState): void {
  for (const { mac, places, heard } of state.guests) {
    assert.ok(parseMac(mac) === mac && !isGroupMac(mac));
    assert.ok(places.length + heard.length > 0);
  }
  const again = decodeState(bytesOf([...encodeState(HEAD, state)].join('')), HEAD.bootId);
  assert.ok(again.reason === null && again.dropped === 0 && again.state.guests.length === state.guests.length);
}

/** Wherever it is torn, what was written to its end before counts. */
function run(bytes: Uint8Array): void {
  const { state, dropped } = applyJournal(bytes, HEAD, STATE);
  assert.ok(dropped >= 0 && dropped <= bytes.length);
  assertState(state);
  const whole = bytes.lastIndexOf(0x0a) + 1;
  assert.deepEqual(applyJournal(bytes.subarray(0, whole), HEAD, STATE), { state, dropped });
}

const change = (which: readonly (typeof guests)[number][]): string =>
  [...encodeChange({ bonds, guests: which })].join('');
const gone = JSON.stringify({ mac: MACS[0], places: [], heard: [] });

export const target = (): Target => ({
  corpus: [
    journalHead(HEAD) + change(guests.slice(1)) + change(guests.slice(0, 1)),
    `${journalHead(HEAD)}{"bonds":[],"guests":[${gone}]}\n${change(guests)}`,
  ].map(bytesOf),
  tokens: [...JSON_TOKENS, '\n', change(guests), gone, '"places":[]', '"heard":[]', '{"bonds":[],"guests":['],
  maxBytes: 32 << 10,
  run,
});
