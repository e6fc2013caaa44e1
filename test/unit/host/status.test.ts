import { NO_FRAMES } from '../../../src/config/config.js';
import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { VIRTUAL_ROUTER_MACS } from '../../../src/config/constants.js';
import { decodeAnswer, encodeAnswer } from '../../../src/control/codec.js';
import { FailoverHistory } from '../../../src/host/history.js';
import { type DaemonFacts, describeStatus } from '../../../src/host/answers.js';
import { HostState } from '../../../src/guests/host-state.js';
import { servedBonds } from '../../../src/topology/bonds.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { byMirror } from '../../support/hearing.js';

const MACS = ['52:54:00:00:00:01', '52:54:00:00:00:02', '00:00:5e:00:01:07'] as Mac[];

function hostWith(fake: FakeHost): HostState {
  const host = new HostState({
    ...guestSettings({ total: 10, perPort: 64, remember: 60 }),
    virtualRouters: VIRTUAL_ROUTER_MACS,
  });
  for (const event of [...fake.dump(), ...MACS.map((mac) => fake.fdb(mac, 'tap1'))]) host.apply(event, 0);
  host.takeStale();
  return host;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function round(bond: number, slave: number): FirstRound {
  const portion = { edition: 1, start: 0, count: 3, turns: 3 };
  const times = { arrived: 1000, firstFrame: 70e-6, lastFrame: 90e-6 };
  return {
    bond: asBond(bond),
    slave,
    cause: 'failover',
    sent: 3,
    errors: {},
    portion,
    epoch: 1,
    damped: null,
    ...times,
  };
}

test('without a daemon the kernel alone tells: links, guests by reason, no history', () => {
  const fake = new FakeHost(plainBridge(1));
  fake.change('up2', { lowerUp: false });
  fake.change(BOND, {
    details: { type: 'bond', mode: 1, activeSlave: fake.index('up1'), miimon: 100, arpInterval: 0 },
  });
  assert.deepEqual(describeStatus(hostWith(fake), null), {
    daemon: null,
    bonds: [
      {
        bond: BOND,
        mode: 'active-backup',
        monitoring: { miimon: 100, arpInterval: 0 },
        activeSlave: 'up1',
        slaves: [
          { slave: 'up1', up: true, carrier: true, state: 'active' },
          { slave: 'up2', up: true, carrier: false, state: 'backup' },
        ],
        guests: { announced: 2, suppressed: { 'virtual-router': 1 } },
        failovers: null,
        listening: null,
        standby: null,
        lastFailovers: [],
      },
    ],
  });
});

test('a daemon counts the guests as it announces them, and tells of the last failovers', () => {
  const fake = new FakeHost(plainBridge(1));
  const host = hostWith(fake);
  const bond = fake.index(BOND);
  const guests = new BondGuests(1); // room for one
  for (const mac of MACS) guests.update(mac, host.verdicts(mac));
  const history = new FailoverHistory(new FakeClock(), host.topology, 6);
  history.follow(servedBonds(host.topology));
  history.failover(round(bond, fake.index('up2')));
  const daemon: DaemonFacts = {
    version: '1.2.3',
    started: 5.4,
    history,
    hearingOf: byMirror,
    standbyOf: () => [],
    bonds: new Map([[bond, guests]]),
  };
  const report = describeStatus(host, daemon);
  assert.deepEqual(report.daemon, { version: '1.2.3', started: 5 });
  assert.deepEqual(report.bonds[0]?.guests, { announced: 1, suppressed: { 'too-many': 1, 'virtual-router': 1 } });
  assert.equal(report.bonds[0].monitoring, null, 'nobody told of it');
  assert.deepEqual([report.bonds[0].failovers, report.bonds[0].lastFailovers[0]?.to], [1, 'up2']);
  assert.deepEqual(decodeAnswer('status', bytes(encodeAnswer<'status'>({ result: report }))), { result: report });
});

test('with 1,000 bonds that have all failed over often, an answer stays small and names the last of each', () => {
  const fake = new FakeHost();
  const slaves = ['up1', 'up2'].map((name) => fake.index(name));
  const details = { type: 'bond', mode: 1, activeSlave: slaves[0] ?? 0, arpInterval: 0 } as const;
  const bonds = [fake.index(BOND), ...Array.from({ length: 999 }, (_, n) => fake.add(`b${n}`, details))];
  const host = hostWith(new FakeHost(plainBridge(1)));
  for (const event of fake.dump()) host.apply(event, 0);
  const history = new FailoverHistory(new FakeClock(), host.topology, 16);
  history.follow(servedBonds(host.topology));
  for (const bond of bonds) {
    for (let n = 0; n < 20; n++) {
      history.failover(round(bond, slaves[n % 2] ?? 0));
      for (let each = 1; each <= 16; each++) history.sent(asBond(bond), 'garp', 12_345, each);
      history.ended(asBond(bond), { result: 'superseded', sent: NO_FRAMES, refused: 0, seconds: 1 });
    }
  }
  const report = describeStatus(host, {
    version: '1',
    started: 0,
    history,
    hearingOf: byMirror,
    standbyOf: () => [],
    bonds: new Map(),
  });
  assert.equal(report.bonds.length, 1000);
  assert.ok(report.bonds.every(({ lastFailovers }) => lastFailovers.length === 2));
  const line = encodeAnswer<'status'>({ result: report });
  assert.ok(line.length < 8 << 20, `${line.length} bytes`);
});
