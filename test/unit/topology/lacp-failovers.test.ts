import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOND_MODE_8023AD, BOND_MODE_ACTIVEBACKUP } from '../../../src/kernel/constants.js';
import type { LinkEvent } from '../../../src/kernel/events.js';
import { LacpFailovers } from '../../../src/topology/lacp-failovers.js';

const BOND = 5;
const DEVICE = {
  ...({ type: 'link', name: '', up: true, lowerUp: true } as const),
  ...({ address: null, lower: null, bridgePortState: null } as const),
};

function bond({ aggregator = 1, running = true, mode = BOND_MODE_8023AD } = {}): LinkEvent {
  const details = { type: 'bond', mode, activeSlave: null, arpInterval: 0, aggregator } as const;
  return { ...DEVICE, ifindex: BOND, running, master: null, details, bondSlaveActive: null };
}

function slave(ifindex: number, aggregator: number, { collects = true, active = true } = {}): LinkEvent {
  const bondSlave = { linkUp: true, prio: 0, lacp: { aggregator, partnerCollects: collects } };
  const details = { type: 'other', kind: null } as const;
  return { ...DEVICE, ifindex, running: true, master: BOND, details, bondSlaveActive: active, bondSlave };
}

function watching(): LacpFailovers {
  const lacp = new LacpFailovers();
  assert.equal(lacp.apply(bond(), 0), null);
  return lacp;
}

test('another aggregator has taken over once its switch takes frames, and not at the first word of its slave', () => {
  const lacp = watching();
  assert.deepEqual(lacp.asks(0), []);
  assert.equal(lacp.apply(slave(8, 2, { collects: false }), 1), null);
  assert.deepEqual(lacp.asks(1.001), [8]);
  assert.equal(lacp.apply(slave(8, 2, { collects: false }), 1.01), null);
  assert.deepEqual(lacp.apply(slave(8, 2), 1.1), { bond: BOND, slave: 8 });
  assert.deepEqual(lacp.asks(1.2), []);
  assert.equal(lacp.apply(slave(8, 2), 1.3), null, 'once');
  assert.equal(lacp.apply(slave(9, 2), 1.4), null, 'nor by its second slave');
});

test('the second slave of an aggregator does not answer for the first', () => {
  const lacp = watching();
  lacp.apply(slave(8, 2), 1);
  assert.equal(lacp.apply(slave(9, 2), 1), null);
  assert.deepEqual(lacp.apply(slave(8, 2), 1.002), { bond: BOND, slave: 8 });
});

test('a slave that joins the aggregator in use is none', () => {
  const lacp = watching();
  assert.equal(lacp.apply(slave(8, 1), 1), null);
  assert.deepEqual(lacp.asks(1), []);
});

test('who comes back before the other was in use has not moved', () => {
  const lacp = watching();
  lacp.apply(slave(8, 2, { collects: false }), 1);
  assert.equal(lacp.apply(slave(7, 1), 1.05), null);
  assert.deepEqual(lacp.asks(1.06), []);
});

test('after all links were down the first that is back counts, in whatever aggregator, when the bond lets frames out', () => {
  const lacp = watching();
  lacp.apply(bond({ running: false }), 1);
  lacp.apply(slave(7, 1), 2);
  assert.equal(lacp.apply(slave(7, 1), 2.01), null, 'the bond drops everything yet');
  lacp.apply(bond(), 2.02);
  assert.deepEqual(lacp.apply(slave(7, 1), 2.03), { bond: BOND, slave: 7 });
});

test('a switch that never says that it takes frames is not waited for for ever; nor is a slave that is active no more', () => {
  const lacp = watching();
  lacp.apply(slave(8, 2, { collects: false }), 1);
  assert.deepEqual(lacp.apply(slave(8, 2, { collects: false }), 5.1), { bond: BOND, slave: 8 });
  lacp.apply(slave(7, 1, { collects: false }), 10);
  assert.deepEqual(lacp.asks(19), []);
});

test('a bond of another mode, or that is gone, or that a dump leaves out, is none of it', () => {
  for (const end of [
    (lacp: LacpFailovers): unknown => lacp.apply(bond({ mode: BOND_MODE_ACTIVEBACKUP }), 2),
    (lacp: LacpFailovers): unknown => lacp.apply({ type: 'linkGone', ifindex: BOND }, 2),
    (lacp: LacpFailovers): unknown => (lacp.startDump(), lacp.finishDump()),
  ]) {
    const lacp = watching();
    lacp.apply(slave(8, 2, { collects: false }), 1);
    end(lacp);
    assert.deepEqual(lacp.asks(2), []);
    assert.equal(lacp.apply(slave(8, 2), 2), null);
  }
  const lacp = watching();
  lacp.startDump();
  lacp.apply(bond(), 1);
  lacp.finishDump();
  lacp.apply(slave(8, 2), 2);
  assert.deepEqual(lacp.asks(2), [8], 'one that is in the dump stays');
});
