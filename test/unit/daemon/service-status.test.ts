import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { serviceStatus } from '../../../src/daemon/outlets.js';
import { HostState } from '../../../src/guests/host-state.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const GUEST = '52:54:00:00:00:01' as Mac;

test('the status names bonds, their active slaves and how many guests there are', () => {
  const fake = new FakeHost(plainBridge(1));
  const host = new HostState(guestSettings());
  assert.equal(serviceStatus(host.topology, new Map()), 'waiting for an active-backup bond');
  for (const event of fake.dump()) host.apply(event, 0);
  const guests = new BondGuests(8);
  const bonds = new Map([[asBond(fake.index(BOND)), guests]]);
  const status = (): string => serviceStatus(host.topology, bonds);
  assert.equal(status(), '0 guests behind bond0 (up1)');
  host.apply(fake.fdb(GUEST, 'tap1'), 0);
  guests.update(GUEST, host.verdicts(GUEST));
  assert.equal(status(), '1 guest behind bond0 (up1)');
  host.apply(fake.change(BOND, { details: { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } }), 1);
  assert.equal(status(), '1 guest behind bond0 (no active slave)');
});

test('of many bonds a few are named', () => {
  const fake = new FakeHost();
  const host = new HostState(guestSettings());
  const bond = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
  const numbers = [fake.index(BOND), ...[1, 2, 3, 4, 5].map((n) => fake.add(`bond${n}`, bond))];
  for (const event of fake.dump()) host.apply(event, 0);
  const status = serviceStatus(host.topology, new Map(numbers.map((number) => [asBond(number), new BondGuests(8)])));
  assert.match(status, /^0 guests behind bond0 \(up1\), .*bond3 \(no active slave\) and 2 more$/);
});
