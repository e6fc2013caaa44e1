import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const GUEST = '52:54:00:00:00:01' as Mac;
const LOCKED = { locked: true } as const;

function start() {
  const host = new FakeHost(plainBridge(2));
  const state = new HostState(guestSettings());
  for (const event of host.dump()) state.apply(event, 0);
  const ports = () => state.verdicts(GUEST).map(({ device, suppressed }) => [device, suppressed]);
  return { host, state, ports, tap1: host.index('tap1') };
}

test("a row that a locked port keeps out is nobody's, and one that was let in is a guest's", () => {
  const { host, state, ports, tap1 } = start();
  const row = host.fdb(GUEST, 'tap1', LOCKED);
  assert.deepEqual(state.apply(row, 1), { source: 'fdb', reason: 'locked' });
  assert.deepEqual(ports(), []);
  assert.equal(state.apply(host.fdb(GUEST, 'tap1'), 2), null);
  assert.deepEqual(ports(), [[tap1, null]]);
});

test('a guest that a port has to let in again is not remembered there', () => {
  const { host, state, ports, tap1 } = start();
  state.apply(host.fdb(GUEST, 'tap1'), 1);
  state.apply(host.fdb(GUEST, 'tap1', { gone: true }), 2);
  assert.deepEqual(ports(), [[tap1, null]], 'silent, but its port stands');
  state.apply(host.fdb(GUEST, 'tap1', LOCKED), 3);
  assert.deepEqual(ports(), []);
  state.apply(host.fdb(GUEST, 'tap1', { ...LOCKED, gone: true }), 4);
  assert.deepEqual(ports(), []);
});

test('a row of a locked port says nothing of the guest on another', () => {
  const { host, state, ports, tap1 } = start();
  state.apply(host.fdb(GUEST, 'tap1'), 1);
  state.apply(host.fdb(GUEST, 'tap2', LOCKED), 2);
  assert.deepEqual(ports(), [[tap1, null]]);
});
