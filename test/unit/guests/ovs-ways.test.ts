import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OvsBridge, OvsPort } from '../../../src/sources/ovs/config.js';
import { servedBonds } from '../../../src/topology/bonds.js';
import { exitsOfBridgePort } from '../../../src/topology/exits.js';
import type { FakeHost } from '../../support/host.js';
import {
  bridge,
  type Datapath,
  GUEST,
  local,
  ovsBond,
  OvsHost,
  patch,
  port,
  type Row,
  vlans,
} from '../../support/ovs.js';

const DATAPATHS: readonly Datapath[] = ['kernel', 'userspace'];
const { access, trunk, nativeTagged, nativeUntagged, tunnel, all } = vlans;

/** A bridge with a bond of the kernel, or of its own, and the guest's port. */
const kernelBond = (guest: OvsPort, uplink: OvsPort = port('bond0')): OvsBridge[] => [bridge('br0', [uplink, guest])];
const ownBond = (guest: OvsPort, how = all): OvsBridge[] => [
  bridge('br0', [ovsBond('ovsbond', ['up1', 'up2'], {}, how), guest]),
];

interface Case {
  readonly bridges: OvsBridge[];
  /** Rows by bridge. */
  readonly rows: Readonly<Record<string, Row[]>>;
  readonly said: string[];
  readonly attach?: (kernel: FakeHost) => void;
}

const learned = (port: string, vlan: number): Record<string, Row[]> => ({ br0: [[GUEST, port, vlan]] });

const CASES: Readonly<Record<string, Case>> = {
  'an access port, by a trunk': {
    bridges: kernelBond(port('tap1', access(905))),
    rows: learned('tap1', 905),
    said: ['bond0/905'],
  },
  'an access port, by an access port of its VLAN': {
    bridges: kernelBond(port('tap1', access(905)), port('bond0', access(905))),
    rows: learned('tap1', 905),
    said: ['bond0'],
  },
  'an access port, by an access port of another VLAN': {
    bridges: kernelBond(port('tap1', access(905)), port('bond0', access(7))),
    rows: learned('tap1', 905),
    said: ['bond0/905 (vlan-not-on-uplink)'],
  },
  'a trunk port, untagged': { bridges: kernelBond(port('tap1')), rows: learned('tap1', 0), said: ['bond0'] },
  'a trunk port, tagged': { bridges: kernelBond(port('tap1')), rows: learned('tap1', 7), said: ['bond0/7'] },
  'a VLAN that the trunk of the bond lacks': {
    bridges: kernelBond(port('tap1'), port('bond0', trunk(5, 6, 8))),
    rows: learned('tap1', 7),
    said: ['bond0/7 (vlan-not-on-uplink)'],
  },
  'no untagged frames on the trunk of the bond': {
    bridges: kernelBond(port('tap1'), port('bond0', trunk(5, 6))),
    rows: learned('tap1', 0),
    said: ['bond0 (vlan-not-on-uplink)'],
  },
  'the native VLAN of the bond, untagged': {
    bridges: kernelBond(port('tap1', access(20)), port('bond0', nativeUntagged(20, 30))),
    rows: learned('tap1', 20),
    said: ['bond0'],
  },
  'another VLAN than the native one': {
    bridges: kernelBond(port('tap1', access(30)), port('bond0', nativeUntagged(20, 30))),
    rows: learned('tap1', 30),
    said: ['bond0/30'],
  },
  'frames without a tag, which a port with a native VLAN does not pass': {
    bridges: kernelBond(port('tap1'), port('bond0', nativeUntagged(20))),
    rows: learned('tap1', 0),
    said: ['bond0 (vlan-not-on-uplink)'],
  },
  'the native VLAN of the bond, tagged': {
    bridges: kernelBond(port('tap1', access(20)), port('bond0', nativeTagged(20))),
    rows: learned('tap1', 20),
    said: ['bond0/20'],
  },
  'a provider bridge, customers untagged': {
    bridges: kernelBond(port('tap1', tunnel(100))),
    rows: learned('tap1', 100),
    said: ['bond0/88a8.100'],
  },
  'a provider bridge, 802.1Q in 802.1Q, one customer VLAN': {
    bridges: kernelBond(port('tap1', tunnel(100, 0x8100, 7))),
    rows: learned('tap1', 100),
    said: ['bond0/100/7'],
  },
  'a provider bridge with several customer VLANs: nobody knows in which': {
    bridges: kernelBond(port('tap1', tunnel(100, 0x8100, 7, 8))),
    rows: learned('tap1', 100),
    said: [],
  },
  'a provider bridge, by an access port of the VLAN, which takes no customer VLANs': {
    bridges: kernelBond(port('tap1', tunnel(100, 0x8100, 7)), port('bond0', access(100))),
    rows: learned('tap1', 100),
    said: ['bond0/100/7 (vlan-not-on-uplink)'],
  },
  'a port that has another VLAN since': {
    bridges: kernelBond(port('tap1', access(7))),
    rows: learned('tap1', 905),
    said: [],
  },
  'a dead port': { bridges: kernelBond(port('tap1', access(4095))), rows: learned('tap1', 4095), said: [] },
  'a port that went dead after its row was learned': {
    bridges: kernelBond(port('tap1', access(4095))),
    rows: learned('tap1', 905),
    said: [],
  },
  'the dead VLAN on a trunk': { bridges: kernelBond(port('tap1')), rows: learned('tap1', 4095), said: [] },
  'a port that is down': {
    bridges: kernelBond(port('tap1', access(905), { up: false })),
    rows: learned('tap1', 905),
    said: [],
  },
  "a router's port in a namespace of its own, of which nobody knows whether it is up": {
    bridges: kernelBond(port('qr-1', access(905), { type: 'internal', up: false, lowerUp: false })),
    rows: learned('qr-1', 905),
    said: ['bond0/905'],
  },
  'the host itself': { bridges: kernelBond(local('br0', access(9))), rows: learned('br0', 9), said: ['bond0/9'] },
  'hardware and tunnels': {
    bridges: [bridge('br0', [port('bond0'), port('up9'), port('vx', all, { type: 'vxlan' })])],
    rows: { br0: [[GUEST, 'up9', 5], ['52:54:00:00:00:02', 'vx', 5]] }, // prettier-ignore
    said: [],
    attach: (kernel) => kernel.add('up9', { type: 'other', kind: null }),
  },
  'the bond: the MAC is elsewhere': { bridges: kernelBond(port('tap1')), rows: learned('bond0', 5), said: [] },
  'a VLAN device of the bond as the uplink': {
    bridges: kernelBond(port('tap1'), port('bond0.3', access(5))),
    rows: learned('tap1', 5),
    said: ['bond0/3'],
    attach: (kernel) =>
      kernel.add('bond0.3', { type: 'vlan', id: 3, protocol: 0x8100 }, { lower: kernel.index('bond0') }),
  },

  'an OVS bond, access port': {
    bridges: ownBond(port('tap1', access(905))),
    rows: learned('tap1', 905),
    said: ['ovsbond/905 from tap1'],
  },
  'an OVS bond, trunk port': {
    bridges: ownBond(port('tap1')),
    rows: learned('tap1', 7),
    said: ['ovsbond/7 from tap1/7'],
  },
  'an OVS bond, trunk port, untagged': {
    bridges: ownBond(port('tap1')),
    rows: learned('tap1', 0),
    said: ['ovsbond from tap1'],
  },
  'an OVS bond, native VLAN of the port': {
    bridges: ownBond(port('tap1', nativeTagged(6, 7)), nativeUntagged(7)),
    rows: { br0: [[GUEST, 'tap1', 6], [GUEST, 'tap1', 7]] }, // prettier-ignore
    said: ['ovsbond/6 from tap1', 'ovsbond from tap1/7'],
  },
  'an OVS bond, a customer with a VLAN': {
    bridges: ownBond(port('tap1', tunnel(100, 0x88a8, 7))),
    rows: learned('tap1', 100),
    said: ['ovsbond/88a8.100/7 from tap1/7'],
  },
  'an OVS bond, the host itself': {
    bridges: ownBond(local('br0')),
    rows: learned('br0', 0),
    said: ['ovsbond from br0'],
  },
  'an OVS bond, a member of which learned the MAC': {
    bridges: ownBond(port('tap1')),
    rows: learned('up2', 5),
    said: [],
  },
};

for (const [name, { bridges, rows, said, attach }] of Object.entries(CASES)) {
  for (const datapath of DATAPATHS) {
    test(`behind Open vSwitch, datapath in ${datapath}: ${name}`, () => {
      const host = new OvsHost(bridges, { datapath, ...(attach ? { attach } : {}) });
      for (const [of, theirs] of Object.entries(rows)) assert.deepEqual(host.rows(of, ...theirs), []);
      assert.deepEqual(host.say(), said);
    });
  }
}

/** OpenStack's two bridges: patch ports between them, and no flows. */
const twoBridges = (how = all, uplink = port('bond0')): OvsBridge[] => [
  bridge('br-int', [patch('int-br-ex', 'phy-br-ex', how), port('tap1', access(3))]),
  bridge('br-ex', [patch('phy-br-ex', 'int-br-ex'), uplink]),
];

test('a guest behind patch ports leaves with the VLAN of its own port', () => {
  const host = new OvsHost(twoBridges());
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), ['bond0/3']);
});

test('a VLAN that the patch port lacks does not get through', () => {
  const host = new OvsHost(twoBridges(trunk(4, 5)));
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), []);
});

test('a tag of 802.1ad gets through, and none gets into an access port', () => {
  const [inner, outer] = twoBridges() as [OvsBridge, OvsBridge];
  const provider = { ...inner, ports: [patch('int-br-ex', 'phy-br-ex'), port('tap1', tunnel(3))] };
  const host = new OvsHost([provider, { ...outer, ports: [patch('phy-br-ex', 'int-br-ex'), port('bond0', trunk(3))] }]);
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), ['bond0/88a8.3']);
  host.config(inner, { ...outer, ports: [patch('phy-br-ex', 'int-br-ex', access(3)), port('bond0')] });
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), []);
  host.config({ ...inner, ports: [patch('int-br-ex', 'phy-br-ex', access(3)), port('tap1', access(3))] }, outer);
  assert.deepEqual(host.say(), ['bond0']);
});

test('a frame that a bridge sends to the host itself does not come back', () => {
  const host = new OvsHost(ownBond(port('tap1')).map((br0) => ({ ...br0, ports: [...br0.ports, local('br0')] })));
  const { topology } = host.state;
  const exits = exitsOfBridgePort(topology, topology.linkByName('ovsbond')?.master ?? 0, host.kernel.index('tap1'), 5);
  assert.deepEqual(exits.map(({ entry }) => host.nameOf(entry?.port ?? null)), ['tap1']); // prettier-ignore
});

test('into a bridge with an OVS bond the frame enters by the patch port, tagged as it does there', () => {
  const host = new OvsHost(twoBridges(all, ovsBond('ovsbond', ['up1', 'up2'])));
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), ['ovsbond/3 from phy-br-ex/3']);
});

test('patch ports that do not name each other lead nowhere', () => {
  const [inner, outer] = twoBridges() as [OvsBridge, OvsBridge];
  const host = new OvsHost([inner, { ...outer, ports: [patch('phy-br-ex', 'another'), port('bond0')] }]);
  host.rows('br-int', [GUEST, 'tap1', 3]);
  assert.deepEqual(host.say(), []);
});

test('nothing is concluded through a programmed bridge, and what it learned itself is', () => {
  for (const programmed of [
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    // prettier-ignore
    const bridges = twoBridges().map((each, n) => ({ ...each, programmed: programmed[n] ?? false }));
    const host = new OvsHost(bridges);
    host.rows('br-int', [GUEST, 'tap1', 3]);
    assert.deepEqual(host.say(), [], programmed.join());
    host.rows('br-ex', [GUEST, 'phy-br-ex', 905]);
    assert.deepEqual(host.say(), ['bond0/905'], programmed.join());
  }
});

test('a programmed bridge between two that have bonds takes guests to both, and neither network to the other', () => {
  const second = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
  const programmed = { programmed: true };
  const bridges = [
    bridge('br-int', [patch('int-a', 'phy-a'), patch('int-b', 'phy-b'), port('tap1', access(3))], programmed),
    bridge('br-a', [patch('phy-a', 'int-a'), port('bond0')], programmed),
    bridge('br-b', [patch('phy-b', 'int-b'), port('bond1')], programmed),
  ];
  const host = new OvsHost(bridges, { attach: (kernel) => kernel.add('bond1', second) });
  host.rows('br-int', [GUEST, 'tap1', 3], ['52:54:00:00:00:02', 'int-b', 4]);
  host.rows('br-a', [GUEST, 'phy-a', 905]);
  assert.deepEqual(host.say(), ['bond0/905']);
  assert.deepEqual(host.say('52:54:00:00:00:02'), []);
  host.rows('br-b', [GUEST, 'phy-b', 7]);
  assert.deepEqual(host.say().sort(), ['bond0/905', 'bond1/7']);
});

/** OpenStack's hybrid plugging: tap, Linux bridge, veth pair, br-int, patch, br-ex, bond. */
function hybrid(programmed: boolean, datapath: Datapath): OvsHost {
  const attach = (kernel: FakeHost): void => {
    const qbr = kernel.add('qbr', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
    const qvo = kernel.add('qvo', { type: 'other', kind: 'veth' });
    const qvb = kernel.add('qvb', { type: 'other', kind: 'veth' }, { lower: qvo, master: qbr, bridgePortState: 3 });
    kernel.change('qvo', { lower: qvb });
    kernel.add('tap9', { type: 'other', kind: 'tun' }, { master: qbr, bridgePortState: 3 });
  };
  const bridges = [
    bridge('br-int', [patch('int-br-ex', 'phy-br-ex'), port('qvo', access(3))], { programmed }),
    bridge('br-ex', [patch('phy-br-ex', 'int-br-ex'), port('bond0')], { programmed }),
  ];
  return new OvsHost(bridges, { datapath, attach });
}

for (const datapath of DATAPATHS) {
  test(`hybrid plugging, datapath in ${datapath}: a Linux bridge in front`, () => {
    const host = hybrid(false, datapath);
    host.take(host.kernel.fdb(GUEST, 'tap9'));
    assert.deepEqual(host.say(), ['bond0/3']);
    host.rows('br-int', [GUEST, 'qvo', 3]);
    host.rows('br-ex', [GUEST, 'phy-br-ex', 3]);
    assert.deepEqual(host.say(), ['bond0/3']);
    const [verdict] = host.state.verdicts(GUEST);
    assert.equal(host.nameOf(verdict?.device ?? null), 'tap9', 'the port nearest to the guest is the one to name');
  });

  test(`hybrid plugging, datapath in ${datapath}: programmed bridges`, () => {
    const host = hybrid(true, datapath);
    host.take(host.kernel.fdb(GUEST, 'tap9'));
    host.rows('br-int', [GUEST, 'qvo', 3]);
    assert.deepEqual(host.say(), []);
    host.rows('br-ex', [GUEST, 'phy-br-ex', 905]);
    assert.deepEqual(host.say(), ['bond0/905']);
  });
}

test('a bond whose LACP has no partner, and falls back, is one of mode active-backup', () => {
  const bond = { lacp: 'active', mode: 'balance-tcp', fallsBack: true } as const;
  const host = new OvsHost([bridge('br0', [ovsBond('ovsbond', ['up1', 'up2'], bond), port('tap1', access(905))])]);
  host.rows('br0', [GUEST, 'tap1', 905]);
  assert.deepEqual(host.say(), ['ovsbond/905 from tap1']);
  const [found] = servedBonds(host.state.topology).filter(({ name }) => name === 'ovsbond');
  assert.deepEqual([found?.ovs, found?.activeSlave?.name], ['active-backup', 'up1']);
});

test('bonds with LACP and balance-tcp are uplinks, and never announced on', () => {
  for (const bond of [{ lacp: 'active' }, { lacp: 'passive' }, { mode: 'balance-tcp' }] as const) {
    const host = new OvsHost([bridge('br0', [ovsBond('ovsbond', ['up1', 'up2'], bond), port('tap1'), port('bond0')])]);
    host.rows('br0', [GUEST, 'tap1', 0], ['52:54:00:00:00:02', 'up1', 0]);
    assert.deepEqual(host.say().filter((each) => each.startsWith('bond0')), ['bond0']); // prettier-ignore
    assert.deepEqual(host.say('52:54:00:00:00:02'), []);
  }
});
