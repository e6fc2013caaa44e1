import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelEvent, LinkEvent, PortVlan, PortVlansEvent } from '../../../src/kernel/events.js';
import { servedBonds, bondMode } from '../../../src/topology/bonds.js';
import { isGuestPort } from '../../../src/topology/guest-port.js';
import { Topology } from '../../../src/topology/topology.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { eventsOf, loadFixture } from '../../support/fixtures.js';
import { FakeHost } from '../../support/host.js';

function awareBridge(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10] });
  hv.guest('br0', { access: 10 });
}

function filled(attach = awareBridge): { host: FakeHost; topology: Topology } {
  const host = new FakeHost(attach);
  const topology = new Topology();
  for (const event of host.dump()) topology.apply(event);
  return { host, topology };
}

/** Whether a fact about the host survives an event. */
function keeps(topology: Topology, event: KernelEvent): boolean {
  const before = topology.memo('fact', () => Symbol());
  const changed = topology.apply(event);
  const kept = topology.memo('fact', () => Symbol()) === before;
  assert.equal(changed, !kept, 'what apply says and what is kept must agree');
  return kept;
}

const bondOf = (host: FakeHost): LinkEvent['details'] & { type: 'bond' } => {
  const { details } = host.get(BOND);
  assert.ok(details.type === 'bond');
  return details;
};

test("a failover, the carrier of a slave, a rename and a message that repeats change nobody's way out", () => {
  const { host, topology } = filled();
  const details = { ...bondOf(host), activeSlave: host.index('up2') };
  assert.ok(keeps(topology, host.change(BOND, { details })));
  assert.ok(keeps(topology, host.change('up1', { bondSlaveActive: false, lowerUp: false })));
  assert.ok(keeps(topology, host.change('up2', { bondSlaveActive: true })));
  assert.ok(keeps(topology, host.change(BOND, { name: 'uplink' })));
  for (const event of host.dump()) assert.ok(keeps(topology, event), JSON.stringify(event));
  assert.ok(keeps(topology, host.fdb('52:54:00:00:00:01', 'tap1')));
  assert.equal(topology.link(host.index(BOND))?.name, 'uplink');
  assert.equal(servedBonds(topology)[0]?.activeSlave?.name, 'up2');
});

test("a failover of a real bond, message by message, changes nobody's way out", () => {
  for (const [name, step] of [
    ['miimon', 'the active link fails'],
    ['arp-monitoring', 'the way to the target fails'],
  ] as const) {
    const fixture = loadFixture(name);
    const topology = new Topology();
    for (const event of eventsOf(fixture, 'dump links')) topology.apply(event);
    for (const event of eventsOf(fixture, step)) assert.equal(topology.apply(event), false, JSON.stringify(event));
  }
});

function vlanOf(host: FakeHost, vlan: Partial<PortVlan>): PortVlansEvent {
  const usual = { first: 1, last: 1, untagged: false, pvid: false, state: 3 };
  return { type: 'portVlans', gone: false, ifindex: host.index(BOND), vlans: [{ ...usual, ...vlan }] };
}

test('what a bridge has learned changes no way out, nor does a VLAN that is told of as it is', () => {
  const { host, topology } = filled();
  const details = { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100, maxLearned: 100 } as const;
  topology.apply(host.change('br0', { details: { ...details, learned: 1 } }));
  assert.ok(keeps(topology, host.change('br0', { details: { ...details, learned: 2 } })));
  topology.apply(vlanOf(host, { first: 10, last: 10 }));
  assert.ok(keeps(topology, vlanOf(host, { first: 10, last: 10 })));
});

test('a port that has left its bridge loses its VLANs last, and is none again for that', () => {
  const { host, topology } = filled();
  topology.apply({ type: 'bridgePortGone', ifindex: host.index(BOND) });
  assert.ok(keeps(topology, { ...vlanOf(host, { first: 1, last: 1 }), gone: true }));
  assert.equal(topology.port(host.index(BOND)), undefined);
});

const CHANGES: Record<string, (host: FakeHost) => KernelEvent> = {
  'a device comes': (host) => host.change('up1', { ifindex: 99, name: 'new' }),
  'a device goes': (host) => host.remove('tap1'),
  'a device is set down': (host) => host.change('tap1', { up: false }),
  'a device leaves its bridge': (host) => host.change('tap1', { master: null }),
  'a device gets another address': (host) =>
    host.change('tap1', { address: '52:54:00:00:00:09' as LinkEvent['address'] }),
  'a bond changes its mode': (host) => host.change(BOND, { details: { ...bondOf(host), mode: 0 } }),
  'a bridge becomes plain': (host) =>
    host.change('br0', { details: { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 } }),
  'a port stops forwarding': (host) => host.change(BOND, { bridgePortState: 4 }),
  'a port leaves a VLAN': (host) => host.setVlans(BOND, [{ first: 1, last: 1, untagged: true, pvid: true }]),
  'a port sends a VLAN untagged': (host) => host.setVlans(BOND, [{ first: 10, last: 10, untagged: true, pvid: false }]),
  'a VLAN of a port stops forwarding': (host) => vlanOf(host, { first: 10, last: 10, state: 4 }),
  'the PVID of a port is another': (host) => vlanOf(host, { first: 7, last: 7, pvid: true }),
  'a VLAN is taken from a port': (host) => ({ ...vlanOf(host, { first: 10, last: 10 }), gone: true }),
  'a bridge gets a state for each VLAN': (host) =>
    host.change('br0', { details: { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100, mst: true } }),
  'a port leaves the bridge': (host) => ({ type: 'bridgePortGone', ifindex: host.index('tap1') }),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`when ${what}, every way out is looked at again`, () => {
    const { host, topology } = filled();
    assert.ok(!keeps(topology, change(host)));
  });
}

test('what a dump does not mention is gone after it, and what a message told meanwhile stays', () => {
  const { host, topology } = filled();
  const tap1 = host.index('tap1');
  host.remove('tap1');
  topology.startDump();
  const late = host.add('late', { type: 'other', kind: 'tun' });
  for (const event of host.dump()) topology.apply(event);
  assert.ok(topology.link(tap1), 'it is not gone before the dump has ended');
  assert.equal(topology.finishDump(), true);
  assert.equal(topology.link(tap1), undefined);
  assert.equal(topology.port(tap1), undefined);
  assert.ok(topology.link(late));
  topology.startDump();
  for (const event of host.dump()) topology.apply(event);
  assert.equal(topology.finishDump(), false);
});

test('a link message does not make us forget the VLANs of a port', () => {
  const { host, topology } = filled();
  const before = topology.port(host.index(BOND));
  topology.apply(host.change(BOND, { lowerUp: false }));
  assert.deepEqual(topology.port(host.index(BOND)), before);
  topology.apply({ type: 'bridgePort', ifindex: host.index(BOND), state: 3, vlans: null });
  assert.deepEqual(topology.port(host.index(BOND)), before);
});

test('a device of the same number as one that is gone inherits nothing', () => {
  const { host, topology } = filled();
  const ifindex = host.index('tap1');
  topology.apply(host.remove('tap1'));
  topology.apply({ ...host.get('up1'), ifindex, name: 'other', master: null, bondSlaveActive: null });
  assert.equal(topology.port(ifindex), undefined);
});

test('the bonds of a host are those of mode active-backup, by name', () => {
  const { host, topology } = filled();
  const bond = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
  for (const [name, mode] of [
    ['agg', 4],
    ['abond', 1],
  ] as const) {
    host.add(name, { ...bond, mode });
    topology.apply(host.get(name));
  }
  assert.deepEqual(
    servedBonds(topology).map(({ name, activeSlave, slaves }) => [name, activeSlave?.name, slaves.map((s) => s.name)]),
    [
      ['abond', undefined, []],
      [BOND, 'up1', ['up1', 'up2']],
    ],
  );
  assert.deepEqual(
    ['agg', 'abond', 'br0'].map((name) => bondMode(host.get(name))),
    ['802.3ad', 'active-backup', null],
  );
  assert.equal(bondMode({ ...host.get('agg'), details: { ...bond, mode: 9 } }), 'mode 9');
});

test('a bond whose active slave is not known yet has none for now', () => {
  const { host, topology } = filled();
  topology.apply(host.change(BOND, { details: { ...bondOf(host), activeSlave: 4711 } }));
  assert.equal(servedBonds(topology)[0]?.activeSlave, null);
});

test('taps and veths lead to guests; uplinks, tunnels, bonds, bridges and hardware do not', () => {
  const { host, topology } = filled((hv) => {
    awareBridge(hv);
    hv.bridge('qbr');
    hv.vethPair('qvb', 'qvo');
    hv.port('qbr', 'qvb');
    hv.port('br0', 'qvo', { native: 10 });
    hv.vlan(BOND, 5);
    hv.vlan('tap1', 6);
    hv.vlan('br0', 7);
  });
  for (const kind of ['tun', 'vxlan', 'gretap', 'dummy', 'team', 'geneve', null]) {
    host.add(kind ?? 'eth9', { type: 'other', kind });
  }
  for (const event of host.dump()) topology.apply(event);
  const guests = ['tap1', 'tap1.6', 'qvo', 'tun'];
  const others = [
    'qvb',
    BOND,
    `${BOND}.5`,
    'br0',
    'br0.7',
    'up1',
    'vxlan',
    'gretap',
    'dummy',
    'team',
    'geneve',
    'eth9',
  ];
  for (const name of guests) assert.equal(isGuestPort(topology, host.index(name)), true, name);
  for (const name of others) assert.equal(isGuestPort(topology, host.index(name)), false, name);
  assert.equal(isGuestPort(topology, 4711), false);
});

test('a recorded host is read whole: who is where, and what is forgotten as devices go', () => {
  const fixture = loadFixture('changes');
  const topology = new Topology();
  const name = (text: string): number => fixture.names[text] ?? 0;
  const play = (what: string): void => eventsOf(fixture, what).forEach((event) => topology.apply(event));
  play('dump links');
  assert.deepEqual(
    topology
      .slavesOf(name('br0'))
      .map((link) => link.name)
      .sort(),
    [BOND, 'tap1'],
  );
  play('the bond is renamed');
  assert.equal(topology.link(name(BOND))?.name, 'uplink');
  play('the bridge becomes VLAN-aware');
  play('the uplink joins VLANs');
  assert.ok(topology.port(name(BOND))?.vlans.some(({ first, last }) => first === 10 && last === 12));
  play('the guest leaves the bridge');
  assert.deepEqual(
    topology.slavesOf(name('br0')).map((link) => link.name),
    ['uplink'],
  );
  play('the bond is deleted');
  assert.equal(topology.link(name(BOND)), undefined);
  assert.deepEqual(servedBonds(topology), []);
});

test('bonds of other names than those to be watched are left alone, and a rename is a change', () => {
  const host = new FakeHost(awareBridge);
  const topology = new Topology();
  topology.watchOnly(['uplink', 'bond7']);
  for (const event of host.dump()) topology.apply(event);
  assert.deepEqual(servedBonds(topology), []);
  assert.ok(!keeps(topology, host.change(BOND, { name: 'uplink' })));
  assert.deepEqual(
    servedBonds(topology).map(({ name }) => name),
    ['uplink'],
  );
  assert.ok(!keeps(topology, host.change(BOND, { name: 'other' })));
  assert.deepEqual(servedBonds(topology), []);
});
