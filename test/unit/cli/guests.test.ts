import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { BondGuestList } from '../../../src/control/messages.js';
import { announcedLines } from '../../../src/cli/announce.js';
import { guestsPage } from '../../../src/cli/guests.js';
import { table } from '../../../src/cli/table.js';
import { age } from '../../../src/plan/words.js';

const GUEST: BondGuestList['guests'][number] = {
  mac: '52:54:00:00:00:01' as Mac,
  vlan: 10,
  port: 'tap1',
  guest: null,
  addresses: [],
  source: 'fdb',
  lastSeen: null,
  announced: true,
  reason: null,
  groups: [],
};

test('guests are a table for each bond, its columns aligned', () => {
  const silent: BondGuestList['guests'][number] = {
    ...GUEST,
    vlan: null,
    port: 'vnet12',
    guest: 'mail',
    addresses: ['192.0.2.1', '2001:db8::1'],
    lastSeen: 95,
    announced: false,
    reason: 'seen-on-uplink',
  };
  const lists = [
    { bond: 'bond0', guests: [GUEST, silent] },
    { bond: 'bond1', guests: [] },
    { bond: 'bond2', guests: [GUEST] },
  ];
  const page = guestsPage(lists, []);
  assert.deepEqual(page, [
    'bond0: 2 guests',
    '  MAC                VLAN  PORT    GUEST  ADDRESSES              SOURCE  LAST SEEN  ANNOUNCED',
    '  52:54:00:00:00:01  10    tap1    -      -                      fdb     now        yes',
    '  52:54:00:00:00:01  -     vnet12  mail   192.0.2.1,2001:db8::1  fdb     1m35s ago  no: seen-on-uplink',
    '',
    'bond1: 0 guests',
    '',
    'bond2: 1 guest',
    '  MAC                VLAN  PORT  GUEST  ADDRESSES  SOURCE  LAST SEEN  ANNOUNCED',
    '  52:54:00:00:00:01  10    tap1  -      -          fdb     now        yes',
  ]);
});

test('who is left out because of a limit is named below, by port and MAC', () => {
  const common = { port: 'tap1', mac: '52:54:00:00:00:99' as Mac };
  const limits = [
    { ...common, reason: 'per-port', limit: 64, count: 36 },
    { ...common, reason: 'total', limit: 65_536, count: 1 },
    { ...common, reason: 'vlans', limit: 32_768, count: 4096, port: null },
  ] as const;
  assert.deepEqual(guestsPage([{ bond: 'bond1', guests: [] }], limits), [
    'bond1: 0 guests',
    '',
    'tap1: more MACs than guests.limits.perPort allows (64): 36 MACs were left out, the last 52:54:00:00:00:99',
    'tap1: more MACs than guests.limits.total allows (65536): 1 MAC was left out, 52:54:00:00:00:99',
    'no port: 52:54:00:00:00:99 is in too many VLANs: 4096 or more of them had no room, among 32768 for all guests',
  ]);
});

test('a host without bonds says so', () => {
  assert.deepEqual(guestsPage([], []), ['this host has no active-backup bond']);
});

test('an age is told in its two largest units', () => {
  assert.deepEqual([0, 59, 60, 95, 3599, 3600, 86_399].map(age), [
    '0s',
    '59s',
    '1m0s',
    '1m35s',
    '59m59s',
    '1h0m',
    '23h59m',
  ]);
});

test('names that would command the terminal are shown, not obeyed', () => {
  assert.deepEqual(table([['a\x1b[2J\n', 'b\x9b']]), ['a?[2J?  b?']);
});

test('crasher: a name with control characters does not command the terminal', () => {
  assert.deepEqual(guestsPage([{ bond: 'b\x1b[2J', guests: [] }], []), ['b?[2J: 0 guests']);
  const report = { bond: 'b\x9b', activeSlave: 'u\x1b', dryRun: true, frames: [], sent: 0, suppressed: [] };
  assert.deepEqual(announcedLines({ ...report, refused: {}, cut: false }), ['b?: would send 0 frames on u?']);
});
