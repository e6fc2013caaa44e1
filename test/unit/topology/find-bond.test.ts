import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../src/config/read-config.js';
import { findBond } from '../../../src/topology/bonds.js';
import { newHostState } from '../../../src/guests/host-state.js';
import type { Topology } from '../../../src/topology/topology.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';

function topologyWith(bonds: string): Topology {
  const { config } = readConfig({ name: 'F', bytes: Buffer.from(`bonds: ${bonds}`) });
  const host = newHostState(config);
  for (const event of new FakeHost(plainBridge(1)).dump()) host.apply(event, 0);
  return host.topology;
}

test('a bond is found by its name when the configuration names it, or none', () => {
  assert.equal(findBond(topologyWith('auto'), BOND).name, BOND);
  assert.equal(findBond(topologyWith(`[bond7, ${BOND}]`), BOND).name, BOND);
});

test('without a name it is said which bonds there are', () => {
  const message = `name a bond; the active-backup bonds of this host: ${BOND}`;
  assert.throws(() => findBond(topologyWith('auto'), ''), { code: 'USAGE', message });
});

test('a bond that the configuration leaves out is not announced by hand either', () => {
  const message = `${BOND} is not listed under bonds in the configuration; this host has no active-backup bond`;
  assert.throws(() => findBond(topologyWith('[bond7]'), BOND), { code: 'USAGE', message });
});
