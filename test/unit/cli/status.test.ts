import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastFailoverLines, statusPage } from '../../../src/cli/status.js';
import type { BondStatus } from '../../../src/control/status.js';
import type { FailoverRecord } from '../../../src/plan/failover-record.js';
import { duration } from '../../../src/plan/words.js';
import { BY_MIRROR } from '../../support/hearing.js';

const NOW = 1_700_000_000;

const RECORD: FailoverRecord = {
  time: NOW - 95,
  cause: 'failover',
  from: 'up1',
  to: 'up2',
  firstFrame: 70e-6,
  lastRarp: 312e-6,
  firstRoundOut: null,
  sent: { rarp: 18, garp: 12, na: 9, mcast: 3 },
  refused: {},
  rounds: [{ round: 1, start: 70e-6, end: 0.4, sent: { rarp: 18, garp: 12, na: 9, mcast: 3 } }],
  roundsPlanned: 6,
  heldBack: null,
  result: 'completed',
  seconds: 33.21,
};

const STATUS: BondStatus = {
  bond: 'bond0',
  mode: 'active-backup',
  monitoring: { miimon: 100, arpInterval: 0 },
  activeSlave: 'up2',
  slaves: [
    { slave: 'up1', up: true, carrier: false, state: 'backup' },
    { slave: 'up2', up: true, carrier: true, state: 'active' },
  ],
  guests: { announced: 3, suppressed: { 'seen-on-uplink': 2, excluded: 1 } },
  failovers: 1,
  listening: BY_MIRROR,
  standby: null,
  lastFailovers: [RECORD],
};

const DAEMON = { version: '0.1.0', started: NOW - 7500 };

test('a page has a line about the daemon and a block for each bond', () => {
  const fresh: BondStatus = {
    ...STATUS,
    bond: 'bond1',
    monitoring: { miimon: 0, arpInterval: 0 },
    activeSlave: null,
    slaves: [{ slave: 'eth9', up: false, carrier: false, state: 'backup' }],
    guests: { announced: 0, suppressed: {} },
    failovers: 0,
    lastFailovers: [],
  };
  assert.deepEqual(statusPage({ daemon: DAEMON, bonds: [STATUS, fresh] }, NOW), [
    'bondherald 0.1.0, running for 2h5m',
    '',
    'bond0: active-backup, miimon 100 ms, active link up2',
    '  LINK  CARRIER  STATE',
    '  up1   no       backup',
    '  up2   yes      active',
    '  guests: 3 announced, 3 not: 1 excluded, 2 seen-on-uplink',
    '  failovers: 1 since the start',
    '  last failover: 2023-11-14 22:11:45 UTC, 1m35s ago: up1 -> up2',
    '    first frame after 70 µs, last RARP of the first burst after 312 µs',
    '    sent: 18 RARP, 12 GARP, 9 NA, 3 IGMP or MLD',
    '    completed: all rounds were sent, after 33.2 s',
    '',
    'bond1: active-backup, links not monitored, no active link',
    '  LINK  CARRIER   STATE',
    '  eth9  no: down  backup',
    '  guests: 0 announced',
    '  failovers: none since the start',
  ]);
});

test('without a daemon the page says so, and leaves out what only a daemon knows', () => {
  const seen = { daemon: null, bonds: [{ ...STATUS, failovers: null, lastFailovers: [] }] };
  const [head, , ...block] = statusPage(seen, NOW);
  assert.equal(
    head,
    'no daemon is running: guests will not be announced at a failover; to start it: systemctl start bondherald',
  );
  assert.ok(!block.some((line) => /failover/.test(line)));
  assert.equal(statusPage(seen, NOW, false)[0], 'read from the kernel', 'one runs, but could not be asked');
  assert.deepEqual(statusPage({ daemon: DAEMON, bonds: [] }, NOW).slice(1), [
    '',
    'this host has no active-backup bond',
  ]);
});

test('what became of a failover is told in words, whatever it was', () => {
  const told = (more: Partial<FailoverRecord>): string[] => lastFailoverLines({ ...RECORD, ...more }, NOW);
  const lasts = { result: null, seconds: null };
  assert.equal(told(lasts).at(-1), '  running: round 1 of 6');
  const rounds = [1, 2, 3].map((round) => ({ ...RECORD.rounds[0], round }));
  assert.equal(told({ ...lasts, rounds: rounds as FailoverRecord['rounds'] }).at(-1), '  running: round 3 of 6');
  assert.match(told({ from: null })[0] ?? '', /: no link -> up2$/);
  assert.match(
    told({ cause: 'missed' })[0] ?? '',
    /while no daemon was running or as it ended; announced at the start/,
  );
  assert.match(told({ cause: 'window' })[0] ?? '', /announced late/);
  assert.match(told({ cause: 'late' })[0] ?? '', /announced when its guests were back in their bridge/);
  assert.match(told({ firstRoundOut: 2.34 })[1] ?? '', /, of the first round after 2\.3 s$/);
  assert.equal(
    told({ refused: { ENOBUFS: 2, EPERM: 1 } })[2],
    '  sent: 18 RARP, 12 GARP, 9 NA, 3 IGMP or MLD; refused by the kernel: 2 ENOBUFS, 1 EPERM',
  );
  const nothing = { sent: { rarp: 0, garp: 0, na: 0, mcast: 0 }, firstFrame: null, lastRarp: null, rounds: [] };
  assert.deepEqual(told({ ...nothing, result: 'damped', seconds: 0, heldBack: 171.2 }).slice(1), [
    '  sent: nothing',
    '  damped: not announced, the bond fails over too often; waiting 2m52s',
  ]);
  assert.equal(told({ result: 'of-a-newer-daemon' }).at(-1), '  of-a-newer-daemon, after 33.2 s');
  assert.match(told({ time: 1e12 })[0] ?? '', / UTC, 0s ago: /, 'the clock has been set back since');
});

test('a time is told in the unit that fits it', () => {
  assert.deepEqual([0, 70e-6, 0.0099, 0.01, 0.9, 1, 33.26].map(duration), [
    '0 µs',
    '70 µs',
    '9900 µs',
    '10 ms',
    '900 ms',
    '1 s',
    '33.3 s',
  ]);
});

test('no name of a device or word of a daemon commands the terminal', () => {
  const hostile = 'x\x1b[2J\x9b';
  const record = { ...RECORD, from: hostile, to: hostile, result: hostile, refused: { [hostile]: 1 } };
  const slaves = [{ slave: hostile, up: true, carrier: true, state: 'active' }] as const;
  const guests = { announced: 1, suppressed: { [hostile]: 1 } };
  const bond = {
    ...STATUS,
    bond: hostile,
    mode: hostile,
    activeSlave: hostile,
    slaves,
    guests,
    lastFailovers: [record],
  };
  const page = statusPage({ daemon: { version: hostile, started: NOW }, bonds: [bond] }, NOW);
  assert.doesNotMatch(page.join(''), /\p{Cc}/u);
});

test('how a bond is heard is told where it is not as it should be', () => {
  const lines = (listening: BondStatus['listening']): string[] =>
    statusPage({ daemon: DAEMON, bonds: [{ ...STATUS, listening }] }, NOW).filter((line) => line.includes('listening'));
  assert.deepEqual(lines(BY_MIRROR), []);
  assert.deepEqual(lines(null), []);
  assert.deepEqual(lines({ how: 'socket', reason: 'the qdisc ingress has the place of clsact' }), [
    '  listening: by a packet socket: the qdisc ingress has the place of clsact',
  ]);
  assert.deepEqual(lines({ how: 'deaf', reason: 'guests.sources.snoop is false' }), [
    '  listening: not at all: guests.sources.snoop is false',
  ]);
});
