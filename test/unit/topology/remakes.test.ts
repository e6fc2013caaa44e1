import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Remakes } from '../../../src/topology/remakes.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';

function begin() {
  const host = new FakeHost();
  const remakes = new Remakes();
  for (const event of host.dump()) assert.equal(remakes.apply(event), null);
  return { host, remakes };
}

test('a bond that is taken down, or loses a slave, is being made anew', () => {
  const { host, remakes } = begin();
  assert.equal(remakes.apply(host.change(BOND, { up: false, lowerUp: false })), host.index(BOND));
  assert.equal(remakes.apply(host.change(BOND, { up: true })), null);
  assert.equal(remakes.apply(host.change('up1', { master: null, bondSlaveActive: null })), host.index(BOND));
  assert.equal(remakes.apply(host.change('up1', { up: false })), null, 'told once');
  assert.equal(remakes.apply(host.change('up1', { master: host.index(BOND), bondSlaveActive: false })), null);
});

test('a link that fails, fails over or goes with its hardware is no hand of an administrator', () => {
  const { host, remakes } = begin();
  assert.equal(remakes.apply(host.change('up1', { lowerUp: false, bondSlaveActive: false })), null);
  assert.equal(remakes.apply(host.change('up2', { bondSlaveActive: true })), null);
  assert.equal(remakes.apply(host.change(BOND, { lowerUp: false, running: false })), null);
  assert.equal(remakes.apply(host.remove('up1')), null);
});
