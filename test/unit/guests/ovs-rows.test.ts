import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { OvsBridge } from '../../../src/sources/ovs/config.js';
import { bridge, GUEST, local, ovsBond, OvsHost, patch, port, type Row, vlans } from '../../support/ovs.js';
import { SAYS_NOTHING } from '../../support/story.js';

const OTHER = '52:54:00:00:00:02';
const BR0 = [bridge('br0', [port('bond0'), port('tap1', vlans.access(5)), port('tap2', vlans.access(5))])];
const [HERE, THERE, GONE] = [[[GUEST, 'tap1', 5]], [[GUEST, 'bond0', 5]], []] as Row[][];

/** br-int with a guest, patched to the bridge of the bond. */
function stacked(programmed = false, settings = {}): OvsHost {
  const bridges = [
    bridge('br-int', [patch('int', 'phy'), port('tap1', vlans.access(3)), port('tap2', vlans.access(3))], {
      programmed,
    }),
    bridge('br-ex', [patch('phy', 'int'), port('bond0')], { programmed }),
  ];
  return new OvsHost(bridges, { settings });
}

const elsewhere = ['bond0/5 (seen-on-uplink)'];

test('a guest whose row goes is remembered, and one whose port goes is not', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  host.rows('br0', ...(GONE ?? []));
  assert.deepEqual(host.say(), ['bond0/5']);
  host.change('tap1', { lowerUp: false });
  host.change('tap1', { lowerUp: true });
  assert.deepEqual(host.say(), [], 'another may be behind it now');
});

test('a MAC that moves to the bond is elsewhere, also when its row there goes', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  host.now = 10;
  host.rows('br0', ...(THERE ?? []));
  assert.deepEqual(host.say(), elsewhere);
  host.now = 20;
  host.rows('br0');
  assert.deepEqual(host.say(), elsewhere);
});

test('a guest that comes back is announced once a frame of it was heard leaving, however late its row is read', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  host.now = 10;
  host.rows('br0', [GUEST, 'bond0', 5, 3]);
  const tags = [{ tpid: 0x8100, vid: 5 }];
  host.now = 20.4;
  host.state.heard(
    asBond(host.kernel.index('bond0')),
    { mac: GUEST, tags, direction: 'out', ...SAYS_NOTHING },
    host.now,
  );
  assert.deepEqual(host.say(), elsewhere, 'the switch still says that it is out there');
  host.now = 30;
  host.rows('br0', [GUEST, 'tap1', 5, 9]);
  assert.deepEqual(host.say(), ['bond0/5']);
});

test('a row alone is no proof that a MAC is back', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(THERE ?? []));
  host.now = 5;
  host.rows('br0', ...(HERE ?? []));
  assert.deepEqual(host.say(), elsewhere);
});

test('a reflection does not move a guest, for as long as its row says the same; a later frame does', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  host.now = 100;
  host.state.failedOver(asBond(host.kernel.index('bond0')), 100);
  host.now = 101;
  assert.deepEqual(host.rows('br0', [GUEST, 'bond0', 5, 0]), ['reflection']);
  assert.deepEqual(host.state.takeReflected(), [], 'no message of the kernel can put it back');
  assert.deepEqual(host.say(), ['bond0/5']);
  host.now = 131;
  assert.deepEqual(host.rows('br0', [GUEST, 'bond0', 5, 30]), []);
  assert.deepEqual(host.say(), ['bond0/5']);
  host.now = 141;
  host.rows('br0', [GUEST, 'bond0', 5, 2]);
  assert.deepEqual(host.say(), elsewhere);
});

test('a reflection that is read before we hear of the failover is undone, and its row may go or go on', () => {
  for (const end of [[], [[GUEST, 'bond0', 5, 50]]] as Row[][]) {
    const host = new OvsHost(BR0);
    host.rows('br0', ...(HERE ?? []));
    host.now = 100.5;
    host.rows('br0', [GUEST, 'bond0', 5, 0]);
    assert.deepEqual(host.say(), elsewhere);
    host.state.failedOver(asBond(host.kernel.index('bond0')), 100);
    assert.deepEqual(host.state.takeReflected(), []);
    assert.deepEqual(host.say(), ['bond0/5']);
    host.now = 150;
    host.rows('br0', ...end);
    assert.deepEqual(host.say(), ['bond0/5']);
    assert.equal(host.state.verdicts(GUEST)[0]?.lastSeen, end.length === 0 ? 150 : null);
  }
});

test('rows of ports that are not known, of the dead VLAN and of group addresses say nothing', () => {
  const host = new OvsHost([bridge('br0', [port('bond0'), port('tap1'), port('late', vlans.all, { ofport: null })])]);
  assert.deepEqual(host.rows('br0', [GUEST, 'late', 5], [GUEST, 'tap1', 4095], [OTHER, 'tap1', 5]), []);
  assert.deepEqual([...host.state.macs()], [OTHER]);
  assert.deepEqual(host.rows('br0', ['01:00:5e:00:00:01', 'tap1', 5], ['00:00:00:00:00:00', 'tap1', 5]), [
    'group-address',
    'zero-address',
  ]);
  assert.deepEqual([...host.state.macs()], [OTHER]);
  assert.deepEqual(host.say(OTHER), ['bond0/5'], 'its row went, and it is remembered');
});

test('when a bridge goes its guests go with it, and a table of a bridge that nobody knows is empty', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  host.config();
  assert.deepEqual(host.say(), []);
  assert.deepEqual([...host.state.macs()], []);
  assert.deepEqual(host.state.ovs.setTable('bridge br0', [{ mac: GUEST, ofport: 1, vlan: 5, age: 0 }], 0), []);
  assert.deepEqual([...host.state.macs()], []);
});

test('a static row has no limit, and a learned one has', () => {
  const host = new OvsHost(BR0, { settings: { perPort: 1 } });
  const rows: Row[] = [[GUEST, 'tap1', 5], [OTHER, 'tap1', 5], ['52:54:00:00:00:03', 'tap1', 5, null]]; // prettier-ignore
  assert.deepEqual(host.rows('br0', ...rows), ['table-full']);
  assert.deepEqual(host.state.takeEvictions(), ['per-port']);
  host.now = 60;
  assert.deepEqual(host.rows('br0', ...rows), [], 'what was turned away once is not asked again');
  assert.deepEqual([host.say(OTHER), host.say('52:54:00:00:00:03')], [[], ['bond0/5']]);
});

test('a patch port has room for all the guests behind it', () => {
  const macs = [1, 2, 3, 4].map((n) => `52:54:00:00:00:0${n}`);
  const host = stacked(true, { perPort: 2 });
  assert.deepEqual(host.rows('br-ex', ...macs.map((mac): Row => [mac, 'phy', 9])), []);
  assert.deepEqual(host.rows('br-ex', ...[...macs, '52:54:00:00:00:05'].map((mac): Row => [mac, 'phy', 9])), ['table-full']); // prettier-ignore
  host.rows('br-int', ['52:54:00:00:00:06', 'tap1', 3]);
  assert.deepEqual(host.rows('br-ex', ...[...macs, '52:54:00:00:00:06'].map((mac): Row => [mac, 'phy', 9])), []);
  assert.deepEqual(host.say('52:54:00:00:00:06'), ['bond0/9'], 'it counts where it is known');
});

test('a silent guest behind a patch port is remembered as long as the inner bridge knows it on a port that stands', () => {
  for (const programmed of [false, true]) {
    const host = stacked(programmed);
    const way = programmed ? ['bond0/9'] : ['bond0/3', 'bond0/9'];
    host.rows('br-int', [GUEST, 'tap1', 3]);
    host.rows('br-ex', [GUEST, 'phy', 9]);
    host.rows('br-ex');
    host.rows('br-int');
    assert.deepEqual(host.say().sort(), way);
    host.change('tap1', { lowerUp: false });
    assert.deepEqual(host.say(), []);
  }
});

test('behind a bridge that learns nothing, a silent guest is remembered where libvirt says that it is there', () => {
  const host = stacked(true);
  host.rows('br-ex', [GUEST, 'phy', 9], [OTHER, 'phy', 9]);
  host.state.setGuestInterfaces([{ domain: 'vm', mac: GUEST, target: 'tap1' }]);
  host.rows('br-ex');
  assert.deepEqual(host.say(), ['bond0/9']);
  assert.deepEqual(host.say(OTHER), []);
  host.state.setGuestInterfaces([]);
  assert.deepEqual(host.say(), []);
});

test('libvirt knows a guest behind a port that takes tagged frames only, though not in which VLAN', () => {
  const inner = bridge('br-int', [patch('int', 'phy'), port('tap1', vlans.trunk(3, 4))], { programmed: true });
  const host = new OvsHost([inner, bridge('br-ex', [patch('phy', 'int'), port('bond0')])]);
  host.state.setGuestInterfaces([{ domain: 'vm', mac: GUEST, target: 'tap1' }]);
  assert.deepEqual(host.say(), []);
  host.rows('br-ex', [GUEST, 'phy', 9]);
  host.rows('br-ex');
  assert.deepEqual(host.say(), ['bond0/9']);
});

test('a change of the VLANs that a bond carries changes the ways out', () => {
  const host = new OvsHost(BR0);
  host.rows('br0', ...(HERE ?? []));
  assert.deepEqual(host.say(), ['bond0/5']);
  host.config(bridge('br0', [port('bond0', vlans.trunk(6)), port('tap1', vlans.access(5))]));
  assert.deepEqual(host.say(), ['bond0/5 (vlan-not-on-uplink)']);
});

test('libvirt places a guest in the VLAN of its port, vouches for it, and knows no way through a programmed bridge', () => {
  const interfaces = [{ domain: 'vm', mac: GUEST, target: 'tap1' }];
  for (const [how, way] of [
    [vlans.access(5), 'bond0/5'],
    [vlans.all, 'bond0'],
    [vlans.access(4095), null],
  ] as const) {
    // prettier-ignore
    const host = new OvsHost([bridge('br0', [port('bond0'), port('tap1', how)])]);
    host.state.setGuestInterfaces(interfaces);
    assert.deepEqual(host.say(), way === null ? [] : [way]);
  }
  const own = new OvsHost([bridge('br0', [port('bond0'), port('tap1', vlans.access(5))], { programmed: true })]);
  own.state.setGuestInterfaces(interfaces);
  assert.deepEqual(own.say(), []);
  const host = stacked(true);
  host.state.setGuestInterfaces(interfaces);
  assert.deepEqual(host.say(), []);
  host.rows('br-ex', [GUEST, 'phy', 9]);
  host.now = 10;
  host.rows('br-ex', [GUEST, 'bond0', 9]);
  assert.deepEqual(host.say(), ['bond0/9'], 'libvirt knows better than the uplink');
});

test('a guest whose port went dead is not announced, also where the outer bridge still lists it', () => {
  const host = stacked(true);
  host.rows('br-int', [GUEST, 'tap1', 3]);
  host.rows('br-ex', [GUEST, 'phy', 9]);
  assert.deepEqual(host.say(), ['bond0/9']);
  const ports = [patch('int', 'phy'), port('tap1', vlans.access(4095))];
  host.config(bridge('br-int', ports, { programmed: true }), bridge('br-ex', [patch('phy', 'int'), port('bond0')]));
  assert.deepEqual(host.say(), []);
  host.rows('br-int');
  host.rows('br-ex');
  host.state.setGuestInterfaces([{ domain: 'vm', mac: GUEST, target: 'tap1' }]);
  assert.deepEqual(host.say(), []);
});

test("a standby router's port that is down is not announced, here or in a namespace of its own", () => {
  const router = (up: boolean): OvsBridge[] => [
    bridge('br0', [port('bond0'), port('qr-1', vlans.access(5), { type: 'internal', up, lowerUp: up })]),
  ];
  const host = new OvsHost(router(false));
  host.rows('br0', [GUEST, 'qr-1', 5]);
  host.rows('br0');
  assert.deepEqual(host.say(), [], 'of a port whose state nobody knows the silent are not remembered');
  host.config(...router(true));
  host.rows('br0', [GUEST, 'qr-1', 5]);
  host.rows('br0');
  assert.deepEqual(host.say(), ['bond0/5']);
  host.config(...router(false));
  host.config(...router(true));
  assert.deepEqual(host.say(), [], 'another may be behind it now');
  host.config(...router(false));
  host.rows('br0', [GUEST, 'qr-1', 5]);
  host.add('qr-1', { type: 'other', kind: 'openvswitch' }, { up: false, lowerUp: false });
  host.rows('br0', [GUEST, 'qr-1', 5]);
  assert.deepEqual(host.say(), [], 'a device of this namespace that is down');
});

test('a port that leaves this namespace is followed, and one that comes', () => {
  const host = new OvsHost([bridge('br0', [port('bond0'), port('in1', vlans.access(5), { type: 'internal' })])]);
  host.rows('br0', [GUEST, 'in1', 5]);
  assert.deepEqual(host.say(), ['bond0/5']);
  host.take(host.kernel.remove('in1'));
  host.rows('br0', [GUEST, 'in1', 5]);
  const [verdict] = host.state.verdicts(GUEST);
  assert.deepEqual([host.say(), (verdict?.device ?? 0) < 0], [['bond0/5'], true]);
  assert.equal(host.nameOf(verdict?.device ?? null), 'in1');
  host.add('in1', { type: 'other', kind: 'openvswitch' });
  host.rows('br0', [GUEST, 'in1', 5]);
  assert.deepEqual([host.say(), host.state.verdicts(GUEST)[0]?.device], [['bond0/5'], host.kernel.index('in1')]);
});

test('whom the host speaks for by its own interface is not remembered when it falls silent, and the host itself is', () => {
  const host = new OvsHost([bridge('br0', [port('bond0'), local('br0')])]);
  const own = host.kernel.get('br0').address as Mac;
  host.rows('br0', [own, 'br0', 0], [GUEST, 'br0', 0]);
  assert.deepEqual([host.say(own), host.say()], [['bond0'], ['bond0']]);
  host.rows('br0');
  assert.deepEqual([host.say(own), host.say()], [['bond0'], []]);
});

test("the host's own addresses on the interface of a bridge, and on a VLAN device above it", () => {
  const host = new OvsHost([bridge('br0', [ovsBond('ovsbond', ['up1', 'up2']), local('br0')])]);
  const address = '02:00:00:00:00:0a' as Mac;
  host.add('br0.7', { type: 'vlan', id: 7, protocol: 0x8100 }, { lower: host.kernel.index('br0'), address });
  const [one, two] = ['192.0.2.1', '192.0.2.7'] as Ip[];
  for (const [name, ip] of [
    ['br0', one],
    ['br0.7', two],
  ] as [string, Ip][]) {
    // prettier-ignore
    host.take({ type: 'address', gone: false, ifindex: host.kernel.index(name), address: ip, usable: true });
  }
  assert.deepEqual(host.say(address).sort(), ['ovsbond from br0', 'ovsbond/7 from br0/7']);
  const verdicts = host.state.verdicts(address);
  const addresses = verdicts.map((verdict) => host.state.addressesOf(address, verdict, 0).map(({ ip }) => ip));
  assert.deepEqual(addresses.flat().sort(), [one, two]);
});

test('a port that the operator leaves out is left out, also beyond a programmed bridge', () => {
  const exclude = { macs: [], vlans: [], ports: ['tap*'] };
  for (const programmed of [false, true]) {
    const host = stacked(programmed, { exclude });
    host.rows('br-int', [GUEST, 'tap1', 3]);
    host.rows('br-ex', [GUEST, 'phy', 3], [OTHER, 'phy', 3]);
    assert.deepEqual(host.say(), ['bond0/3 (excluded)']);
    assert.deepEqual(host.say(OTHER), ['bond0/3']);
  }
  const host = stacked(true, { exclude: { ...exclude, ports: ['phy'] } });
  host.rows('br-ex', [GUEST, 'phy', 3]);
  assert.deepEqual(host.say(), ['bond0/3 (excluded)']);
});

test('a guest that tags its own frames leaves with them behind those of its port', () => {
  const host = new OvsHost([bridge('br0', [ovsBond('ovsbond', ['up1', 'up2']), port('tap1', vlans.tunnel(100))])]);
  host.rows('br0', [GUEST, 'tap1', 100]);
  const bond = host.state.topology.linkByName('ovsbond')?.ifindex ?? 0;
  const tags = [{ tpid: 0x88a8, vid: 100 }, { tpid: 0x8100, vid: 7 }]; // prettier-ignore
  host.state.heard(asBond(bond), { mac: GUEST, tags, direction: 'out', ...SAYS_NOTHING }, 0);
  assert.deepEqual(host.say(), ['ovsbond/88a8.100 from tap1', 'ovsbond/88a8.100/7 from tap1/7']);
});

test('a customer that moved is elsewhere, whatever the EtherType of the tag', () => {
  const host = new OvsHost([bridge('br0', [port('bond0'), port('tap1', vlans.tunnel(100))])]);
  host.rows('br0', [GUEST, 'tap1', 100]);
  host.rows('br0', [GUEST, 'bond0', 100]);
  host.now = 9;
  host.rows('br0', [GUEST, 'tap1', 100]);
  assert.deepEqual(host.say(), ['bond0/88a8.100 (seen-on-uplink)']);
});

test('50,000 rows that say what they said cost little more than to read them', () => {
  const host = new OvsHost([bridge('br0', [port('bond0'), port('tap1')])], {
    settings: { total: 100_000, perPort: 100_000 },
  });
  const rows = Array.from({ length: 50_000 }, (_, n): Row => {
    const hex = n.toString(16).padStart(6, '0');
    return [`52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`, n % 2 ? 'tap1' : 'bond0', 0];
  });
  assert.deepEqual(host.rows('br0', ...rows), []);
  const before = host.state.changed.count;
  host.now = 5;
  assert.deepEqual(host.rows('br0', ...rows), []);
  assert.equal(host.state.changed.count, before);
  assert.equal([...host.state.macs()].length, 50_000);
});
