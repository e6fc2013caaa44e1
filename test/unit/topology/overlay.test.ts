import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OvsBridge, OvsConfig } from '../../../src/sources/ovs/config.js';
import { OvsIndexes } from '../../../src/topology/ovs-overlay.js';
import { servedBonds } from '../../../src/topology/bonds.js';
import { isGuestPort } from '../../../src/topology/guest-port.js';
import { bridge, type Datapath, GUEST, local, ovsBond, OvsHost, patch, port, vlans } from '../../support/ovs.js';

const BR0 = [bridge('br0', [port('bond0'), port('tap1', vlans.access(5)), local('br0')])];
const twoBridges = (): OvsBridge[] => [
  bridge('br-int', [patch('int', 'phy'), port('tap1'), port('vx', vlans.all, { type: 'vxlan' })]),
  bridge('br-ex', [patch('phy', 'int'), port('bond0'), local('br-ex')]),
];

const master = (host: OvsHost, name: string): string =>
  host.nameOf(host.state.topology.link(host.kernel.index(name))?.master ?? null);

for (const datapath of ['kernel', 'userspace'] as const satisfies Datapath[]) {
  test(`with the datapath in ${datapath}, the switch's ports are enslaved to its bridges, now and later`, () => {
    const host = new OvsHost(BR0, { datapath });
    assert.deepEqual(['bond0', 'tap1', 'br0'].map((name) => master(host, name)), ['br0', 'br0', 'br0']); // prettier-ignore
    host.take(host.kernel.remove('tap1'));
    const system = datapath === 'kernel' ? host.kernel.index('ovs-system') : null;
    host.add('tap1', { type: 'other', kind: 'tun' }, { master: system });
    assert.equal(master(host, 'tap1'), 'br0');
    assert.equal(host.state.topology.port(host.kernel.index('tap1'))?.vlans[0]?.first, 5);
    host.config();
    assert.equal(master(host, 'tap1'), system === null ? '-' : 'ovs-system');
    assert.equal(host.state.topology.port(host.kernel.index('tap1')), undefined);
  });
}

test('a device that is enslaved to a bridge or bond of the kernel is not taken from it', () => {
  const host = new OvsHost(BR0);
  host.add('lbr', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
  host.change('tap1', { master: host.kernel.index('lbr'), bridgePortState: 3 });
  assert.equal(master(host, 'tap1'), 'lbr');
  host.change('br0', { master: host.kernel.index('lbr'), bridgePortState: 3 });
  assert.equal(isGuestPort(host.state.topology, host.kernel.index('br0')), false, 'a cable between two switches');
});

test('a dump of the kernel takes nothing of the switch away', () => {
  const host = new OvsHost(twoBridges());
  host.rows('br-int', [GUEST, 'tap1', 3]);
  host.state.startDump();
  host.take(...host.kernel.dump());
  host.state.finishDump(0);
  assert.deepEqual(host.say(), ['bond0/3']);
});

test('what changes nothing is no reason to judge everyone anew, and what does is', () => {
  const host = new OvsHost([bridge('br0', [ovsBond('ovsbond', ['up1', 'up2']), port('tap1')])]);
  const follow = (...bridges: OvsBridge[]): unknown => {
    host.state.takeStale();
    host.config(...bridges);
    return host.state.takeStale();
  };
  const bonds = (active: string | null, more = {}): OvsBridge =>
    bridge('br0', [ovsBond('ovsbond', ['up1', 'up2'], { active }), port('tap1', vlans.all, more)]);
  assert.deepEqual(follow(bonds('interface up1')), new Set());
  assert.deepEqual(follow(bonds('interface up2')), new Set(), 'a failover');
  assert.equal(servedBonds(host.state.topology).find(({ ovs }) => ovs)?.activeSlave?.name, 'up2');
  assert.deepEqual(follow(bonds('interface up2', { ofport: 77 })), new Set());
  assert.equal(follow(bridge('br0', [ovsBond('ovsbond', ['up1', 'up2']), port('tap1', vlans.access(3))])), 'all');
  assert.equal(follow(bridge('br0', [ovsBond('another', ['up1', 'up2']), port('tap1', vlans.access(3))])), 'all');
  host.state.takeStale();
  host.change('up1', { lowerUp: false });
  assert.deepEqual(host.state.takeStale(), new Set(), 'the carrier of a member is no other way');
});

test('a bond of the switch is one to watch, and one whose links are one to their switch is not', () => {
  const host = new OvsHost([
    bridge('br0', [ovsBond('slb', ['up1', 'gone'], { mode: 'balance-slb' })]),
    bridge('br1', [ovsBond('lacp', ['up2'], { lacp: 'active' }), ovsBond('tcp', ['up3'], { mode: 'balance-tcp' })]),
  ]);
  const found = servedBonds(host.state.topology).map(({ name, ifindex, activeSlave, slaves, ovs }) => ({
    name,
    overlay: ifindex < 0,
    active: activeSlave?.name ?? null,
    slaves: slaves.map((slave) => slave.name).sort(),
    ovs,
  }));
  assert.deepEqual(found, [
    { name: 'bond0', overlay: false, active: null, slaves: [], ovs: null },
    { name: 'slb', overlay: true, active: 'up1', slaves: ['gone', 'up1'], ovs: 'balance-slb' },
  ]);
});

test('of devices of one name a bond is found first, and then the kernel’s', () => {
  const host = new OvsHost([bridge('br0', [local('br0'), ovsBond('tap1', ['up1', 'up2']), port('tap2')])]);
  host.add('tap1', { type: 'other', kind: 'tun' });
  const { topology } = host.state;
  assert.equal(topology.linkByName('tap1')?.details.type, 'bond');
  assert.equal(topology.linkByName('br0')?.ifindex, host.kernel.index('br0'));
  assert.equal(topology.linkByName('bond0')?.ifindex, host.kernel.index('bond0'));
  assert.equal(topology.linkByName('nobody'), undefined);
  host.take(host.kernel.remove('br0'));
  assert.equal(topology.linkByName('br0')?.details.type, 'bridge');
});

test('ports of guests, and of what leads elsewhere', () => {
  const host = new OvsHost([
    ...twoBridges(),
    bridge('br1', [port('qr-1', vlans.all, { type: 'internal' }), port('vhu', vlans.all, { type: 'dpdkvhostuser' })]),
    bridge('br2', [port('gone'), port('dpdk', vlans.all, { type: 'dpdk' })]),
  ]);
  host.add('br-ex.5', { type: 'vlan', id: 5, protocol: 0x8100 }, { lower: host.kernel.index('br-ex') });
  const { topology } = host.state;
  const guests = [...topology.allLinks()].filter(({ ifindex }) => isGuestPort(topology, ifindex));
  assert.deepEqual(guests.map(({ name }) => name).sort(), ['br-ex', 'phy', 'qr-1', 'tap1', 'vhu']);
});

test('indexes of rows are negative, of 32 bits, different, and the same next time', () => {
  const uuids = Array.from({ length: 2000 }, (_, n) => `row ${n}`).concat('row 73745', 'row 118160'); // these two collide
  const config = (rows: readonly string[]): OvsConfig => ({
    bridges: [bridge('b', rows.map((uuid) => ({ ...port('p'), uuid })))], // prettier-ignore
  });
  const [one, two] = [new OvsIndexes(config(uuids)), new OvsIndexes(config([...uuids].reverse()))];
  const indexes = uuids.map((each) => one.of(each));
  assert.deepEqual(indexes, uuids.map((each) => two.of(each))); // prettier-ignore
  assert.equal(new Set(indexes).size, uuids.length, 'rows that would have the same are told apart');
  assert.ok(indexes.every((each) => each < 0 && (each | 0) === each));
  assert.equal(Math.abs(one.of('row 73745') - one.of('row 118160')), 1);
  assert.equal(one.of('another'), 0);
});
