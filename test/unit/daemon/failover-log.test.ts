import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { Mac } from '../../../src/addr/mac.js';
import { FailoverLog } from '../../../src/daemon/failover-log.js';
import { fillStateGauges } from '../../../src/daemon/outlets.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import type { Clock } from '../../../src/sys/clock.js';
import type { LogFields } from '../../../src/sys/log.js';
import { Topology } from '../../../src/topology/topology.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { byMirror } from '../../support/hearing.js';

const CLOCK: Clock = {
  monotonic: () => 0,
  unix: () => 1_700_000_000,
  every: () => () => undefined,
  soon: () => undefined,
  after: () => () => undefined,
};

function open() {
  const host = new FakeHost(plainBridge(1));
  const topology = new Topology();
  for (const event of host.dump()) topology.apply(event);
  const [bond, slave] = [asBond(host.index(BOND)), host.index('up2')];
  const guests = new BondGuests(10);
  const mac = '52:54:00:00:00:01' as Mac;
  const place = { mac, bond, tags: [], source: 'fdb', device: 7, lastSeen: null, entry: null } as const;
  guests.update(mac, [{ ...place, suppressed: 'seen-on-uplink' }]);
  const registry = new Registry();
  const metrics = new Metrics(registry);
  const lines: [string, string, LogFields][] = [];
  const line =
    (level: string) =>
    (text: string, fields: LogFields = {}) =>
      void lines.push([level, text, fields]);
  const log = { info: line('info'), warn: line('warn'), error: line('error') };
  const bonds = new Map([[bond, guests]]);
  const failoverLog = new FailoverLog({ clock: CLOCK, log, metrics }, topology, bonds);
  /** The value of a metric by its whole name, labels included. */
  const value = async (name: string): Promise<number | undefined> => {
    const found = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
    return found === undefined ? undefined : Number(found.split(' ').at(-1));
  };
  const latency = { arrived: 0, firstFrame: 70e-6, lastFrame: 90e-6 };
  const portion = { edition: 1, start: 0, count: 3, turns: 3 };
  const round: FirstRound = {
    bond: asBond(bond),
    slave,
    cause: 'failover',
    ...latency,
    sent: 3,
    errors: {},
    portion,
    epoch: 1,
    damped: null,
  };
  const fill = (): void => fillStateGauges(metrics, topology, bonds, byMirror);
  return { failoverLog, value, lines, round, fill, host, topology };
}

test('a failover is counted, timed and logged under the name of its bond', async () => {
  const { failoverLog, value, lines, round } = open();
  failoverLog.failover(round);
  const expected = {
    'bondherald_bond_failovers_total{bond="bond0"}': 1,
    'bondherald_last_failover_timestamp_seconds{bond="bond0"}': 1_700_000_000,
    'bondherald_frames_sent_total{bond="bond0",kind="rarp"}': 3,
    'bondherald_guests_suppressed_total{bond="bond0",reason="seen-on-uplink"}': 1,
    'bondherald_announcement_first_frame_seconds_count{bond="bond0"}': 1,
    'bondherald_announcement_last_frame_seconds_sum{bond="bond0"}': 90e-6,
  };
  for (const [name, number] of Object.entries(expected)) assert.equal(await value(name), number, name);
  assert.equal(lines.length, 1);
  assert.deepEqual([lines[0]?.[0], lines[0]?.[2].bond, lines[0]?.[2].active_slave], ['info', BOND, 'up2']);
});

test('frames that the kernel refused are counted by errno, and the log warns', async () => {
  const { failoverLog, value, lines, round } = open();
  failoverLog.failover({ ...round, sent: 1, errors: { ENOBUFS: 2, EIO: 1 } });
  assert.equal(await value('bondherald_frame_errors_total{bond="bond0",kind="rarp",code="ENOBUFS"}'), 2);
  assert.deepEqual([lines[0]?.[0], lines[0]?.[2].codes], ['warn', 'ENOBUFS,EIO']);
});

test('a failover with no guests to announce counts, but is no latency', async () => {
  const { failoverLog, value, round } = open();
  failoverLog.failover({ ...round, sent: 0, portion: null });
  assert.equal(await value('bondherald_bond_failovers_total{bond="bond0"}'), 1);
  assert.equal(await value('bondherald_announcement_first_frame_seconds_count{bond="bond0"}'), undefined);
});

test('a failover that is held back is counted, says how long, and no guest counts as left out', async () => {
  const { failoverLog, value, lines, round } = open();
  failoverLog.failover({ ...round, arrived: 100, sent: 0, portion: null, damped: 161.5 });
  assert.equal(await value('bondherald_bond_failovers_total{bond="bond0"}'), 1);
  assert.equal(await value('bondherald_guests_suppressed_total{bond="bond0",reason="seen-on-uplink"}'), undefined);
  assert.deepEqual(lines, [
    [
      'warn',
      'failover not announced yet: the bond fails over too often',
      { bond: BOND, active_slave: 'up2', wait_s: 62 },
    ],
  ]);
});

test('what is announced later is no failover of its own, and no latency', async () => {
  const { failoverLog, value, lines, round } = open();
  failoverLog.failover({ ...round, cause: 'window' });
  failoverLog.failover({ ...round, cause: 'missed' });
  failoverLog.failover({ ...round, cause: 'late' });
  assert.equal(await value('bondherald_bond_failovers_total{bond="bond0"}'), 1);
  assert.equal(await value('bondherald_announcement_first_frame_seconds_count{bond="bond0"}'), undefined);
  assert.equal(await value('bondherald_frames_sent_total{bond="bond0",kind="rarp"}'), 9);
  assert.deepEqual(
    lines.map(([, text, { delayed, missed, late }]) => [text, delayed, missed, late]),
    [
      ['failover announced', true, undefined, undefined],
      ['failover announced', undefined, true, undefined],
      ['failover announced', undefined, undefined, true],
    ],
  );
});

test('a first round that the rate holds up tells how many wait, and has no last frame yet', async () => {
  const { failoverLog, lines, round, value } = open();
  failoverLog.failover({ ...round, portion: { edition: 1, start: 0, count: 9, turns: 3 } });
  assert.deepEqual([lines[0]?.[2].frames, lines[0]?.[2].waiting], [3, 6]);
  assert.equal(await value('bondherald_announcement_first_frame_seconds_count{bond="bond0"}'), 1);
  assert.equal(await value('bondherald_announcement_last_frame_seconds_count{bond="bond0"}'), undefined);
});

test('lost messages are counted by reason, and only an overrun as one', async () => {
  const { failoverLog, value } = open();
  for (const reason of ['overrun', 'malformed', 'truncated', 'overrun'] as const) failoverLog.resync(reason);
  assert.equal(await value('bondherald_resyncs_total{reason="overrun"}'), 2);
  assert.equal(await value('bondherald_resyncs_total{reason="malformed"}'), 1);
  assert.equal(await value('bondherald_netlink_overruns_total{socket="link"}'), 2);
});

test('a scrape tells which slave is active now, who is behind the bond, and of failovers before the first', async () => {
  const { value, fill, host, topology } = open();
  fill();
  assert.equal(await value('bondherald_bond_active_slave{bond="bond0",slave="up1"}'), 1);
  assert.equal(await value('bondherald_bond_active_slave{bond="bond0",slave="up2"}'), 0);
  assert.equal(await value('bondherald_guests{bond="bond0",source="fdb"}'), 1);
  assert.equal(await value('bondherald_bond_failovers_total{bond="bond0"}'), 0);
  topology.apply(host.change('up1', { master: null }));
  fill();
  assert.equal(await value('bondherald_bond_active_slave{bond="bond0",slave="up1"}'), undefined);
});

test('who changes the active slave is told; a refusal once for each bond and reason', () => {
  const { failoverLog, lines, round } = open();
  const { bond, slave } = round;
  failoverLog.carrierLoss(bond, 'downdelay is 200');
  failoverLog.carrierLoss(bond, null);
  for (const errno of ['EPERM', 'EPERM', 'EINVAL']) failoverLog.switchRefused(bond, slave, errno);
  const refused = 'the kernel did not change the active slave; miimon will';
  assert.deepEqual(lines.splice(0), [
    ['warn', 'failovers at the loss of carrier are left to the kernel', { bond: BOND, reason: 'downdelay is 200' }],
    ['info', 'the active slave is changed at the loss of its carrier', { bond: BOND }],
    ['warn', refused, { bond: BOND, slave: 'up2', reason: 'EPERM' }],
    ['warn', refused, { bond: BOND, slave: 'up2', reason: 'EINVAL' }],
  ]);
  failoverLog.failover({ ...round, switchedIn: 210e-6 });
  assert.deepEqual([lines[0]?.[2].at_carrier_loss, lines[0]?.[2].switch_us], [true, 210]);
});
