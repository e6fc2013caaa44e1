import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { KernelEvent } from '../../../src/kernel/events.js';
import { judge, type Verdict } from '../../../src/guests/verdict.js';
import { exitsByPort, exitsOfBridgePort, exitsOfDevice } from '../../../src/topology/exits.js';
import { isGuestPort } from '../../../src/topology/guest-port.js';
import { Topology } from '../../../src/topology/topology.js';
import { BOND, Hypervisor, ownBridge } from '../../lab/net/hypervisor.js';
import { SHAPES } from '../../lab/net/shapes.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { Policy } from '../../../src/guests/policy.js';

function topologyOf(host: FakeHost, ...more: KernelEvent[]): Topology {
  const topology = new Topology();
  for (const event of [...host.dump(), ...more]) topology.apply(event);
  return topology;
}

/** The VLAN of a bridge that a port's untagged frames are sorted into; null where the bridge knows none. */
function vlanOf(host: FakeHost, port: string): number | null {
  const pvid = host.port(port).vlans?.find((range) => range.pvid);
  return pvid ? pvid.first : null;
}

/** What is said of a guest that sits on `port` and has spoken. */
function verdictsBehind(host: FakeHost, port: string): Verdict[] {
  const { ifindex: device, master: bridge } = host.get(port);
  const sighting = {
    source: 'fdb',
    mac: '52:54:00:00:00:01' as Mac,
    device,
    bridge,
    vlan: vlanOf(host, port),
  } as const;
  const evidence = { sightings: [sighting], remembered: [], heard: [], configured: [], claimed: [], waitsAt: [] };
  return judge(topologyOf(host), sighting.mac, evidence, new Policy(guestSettings()));
}

for (const [name, attach] of Object.entries(SHAPES) as [string, (hv: Hypervisor) => void][]) {
  test(`guests are announced by the bond with the tags of their own frames: ${name}`, () => {
    const host = new FakeHost(attach);
    const plan = new Hypervisor();
    attach(plan);
    const here = plan.guests.filter(({ port, netns }) => port !== null || netns === 'hv');
    assert.ok(here.length > 0);
    for (const { port, device, wire } of here) {
      const found = verdictsBehind(host, port ?? device).map(({ bond, tags, suppressed }) => ({
        bond,
        tags,
        suppressed,
      }));
      const bond = host.index(BOND);
      if (wire !== null) assert.deepEqual(found, [{ bond, tags: wire, suppressed: null }], port ?? device);
      else
        assert.deepEqual(
          found.map(({ suppressed }) => suppressed),
          ['vlan-not-on-uplink'],
          port ?? device,
        );
    }
  });
}

/** A plain bridge on the bond with one guest; then something happens. */
function plainBridge(hv: Hypervisor): void {
  hv.bridge('br0');
  hv.port('br0', BOND);
  hv.guest('br0');
}

const blockedReason = (host: FakeHost): unknown => verdictsBehind(host, 'tap1')[0]?.suppressed;

test('a bond that its bridge does not forward on is not announced on', () => {
  for (const state of [0, 1, 2, 4]) {
    const host = new FakeHost(plainBridge);
    host.change(BOND, { bridgePortState: state });
    assert.equal(blockedReason(host), 'uplink-not-forwarding', `state ${state}`);
  }
});

test('a bond that is down is not announced on, and one without carrier is kept ready', () => {
  const host = new FakeHost(plainBridge);
  host.change(BOND, { up: false, lowerUp: false });
  assert.equal(blockedReason(host), 'uplink-down');
  host.change(BOND, { up: true, lowerUp: false });
  assert.equal(blockedReason(host), null);
});

test('a bond that has carrier but does not run yet is kept ready: its bridge opens the port later', () => {
  const host = new FakeHost(plainBridge);
  host.change(BOND, { bridgePortState: 0, running: false });
  assert.equal(blockedReason(host), null);
  host.change(BOND, { running: true });
  assert.equal(blockedReason(host), 'uplink-not-forwarding');
});

test('a VLAN that its port blocks holds back those in it; with MST it may forward where the port itself does not', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [10, 20] });
    hv.guest('br0');
  });
  const topology = topologyOf(host);
  const [br0, tap1, bond] = ['br0', 'tap1', BOND].map((name) => host.index(name)) as [number, number, number];
  const blocked = () => [10, 20].map((vlan) => exitsOfBridgePort(topology, br0, tap1, vlan)[0]?.blocked);
  const say = (vid: number, state: number): void => {
    const vlan = { first: vid, last: vid, untagged: false, pvid: false, state };
    topology.apply({ type: 'portVlans', gone: false, ifindex: bond, vlans: [vlan] });
  };
  say(10, 4);
  assert.deepEqual(blocked(), ['uplink-not-forwarding', null]);
  topology.apply(
    host.change('br0', { details: { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100, mst: true } }),
  );
  say(20, 3);
  topology.apply(host.change(BOND, { bridgePortState: 4 }));
  assert.deepEqual(blocked(), ['uplink-not-forwarding', 'uplink-not-forwarding'], 'as the port, until it is told');
  say(20, 3);
  assert.deepEqual(blocked(), ['uplink-not-forwarding', null]);
});

test('a VLAN device that is down blocks the guests above it', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br905');
    hv.port('br905', hv.vlan(BOND, 905));
    hv.guest('br905');
  });
  assert.equal(blockedReason(host), null);
  host.change(`${BOND}.905`, { up: false });
  assert.equal(blockedReason(host), 'uplink-down');
});

test("a bridge between the guest's own and the bond blocks the guest as it would one of its own", () => {
  const host = new FakeHost(ownBridge);
  assert.equal(blockedReason(host), null);
  host.change(BOND, { bridgePortState: 4 });
  assert.equal(blockedReason(host), 'uplink-not-forwarding');
});

test('a bridge sorts a frame by the tags of its own protocol, and takes any other for untagged', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0', { vlanAware: true, protocol: '802.1ad' });
    hv.port('br0', BOND, { native: null, tagged: [30] });
    hv.vlan('br0', 10, '802.1Q');
    hv.vlan('br0', 30, '802.1ad');
    hv.bridgeLines.push('vlan del dev br0 vid 1', 'vlan add dev br0 vid 30 pvid untagged');
  });
  const topology = topologyOf(host);
  const stacks = (name: string): unknown => exitsOfDevice(topology, host.index(name)).map(({ tags }) => tags);
  const service = { tpid: 0x88a8, vid: 30 };
  assert.deepEqual(stacks('br0.10'), [[service, { tpid: 0x8100, vid: 10 }]]);
  assert.deepEqual(stacks('br0.30'), [[service]]);
});

test('guests behind two bonds are announced on both, and those of a bridge without a bond on none', () => {
  const host = new FakeHost((hv) => {
    plainBridge(hv);
    hv.bridge('lonely');
    hv.guest('lonely');
  });
  const second = host.add('bond1', { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 });
  host.ip('link set bond1 master br0');
  assert.deepEqual(
    verdictsBehind(host, 'tap1')
      .map(({ bond }) => bond)
      .sort(),
    [host.index(BOND), second].sort(),
  );
  assert.deepEqual(verdictsBehind(host, 'tap2'), []);
});

test('what a bridge learned on its uplink is known to be there, and what it learned on a guest port is not', () => {
  const host = new FakeHost(plainBridge);
  const topology = topologyOf(host);
  const [br0, bond, tap1] = [host.index('br0'), host.index(BOND), host.index('tap1')];
  assert.deepEqual(exitsByPort(topology, br0, bond, null), [{ bond, tags: [], blocked: null, entry: null }]);
  assert.deepEqual(exitsByPort(topology, br0, tap1, null), []);
  assert.deepEqual(exitsOfBridgePort(topology, br0, bond, null), []);
});

test('a row with a VLAN on a bridge that knows none, and one without on a bridge that does, lead nowhere', () => {
  const host = new FakeHost((hv) => {
    plainBridge(hv);
    hv.bridge('br1', { vlanAware: true });
  });
  const topology = topologyOf(host);
  assert.deepEqual(exitsOfBridgePort(topology, host.index('br0'), host.index('tap1'), 10), []);
  assert.deepEqual(exitsOfBridgePort(topology, host.index('br1'), host.index('tap1'), null), []);
  assert.deepEqual(exitsOfBridgePort(topology, host.index('tap1'), host.index('tap1'), null), []);
  assert.deepEqual(exitsOfBridgePort(topology, 999, 998, null), []);
});

test('a device whose lower one is unknown or in another namespace leads nowhere', () => {
  const host = new FakeHost();
  host.add('orphan', { type: 'vlan', id: 5, protocol: 0x8100 }, { lower: 999 });
  host.add('moved', { type: 'other', kind: 'macvlan' }, { lower: null });
  const topology = topologyOf(host);
  for (const name of ['orphan', 'moved', 'up1']) assert.deepEqual(exitsOfDevice(topology, host.index(name)), []);
  assert.deepEqual(exitsOfDevice(topology, 12345), []);
});

/** Bridges that are joined to each other by many cables, as nobody would build them. */
function tangle(bridges: number, cables: number): (hv: Hypervisor) => void {
  return (hv) => {
    for (let b = 0; b < bridges; b++) hv.bridge(`br${b}`);
    for (let b = 0; b < bridges; b++) {
      for (let c = 0; c < cables; c++) {
        const [one, other] = hv.vethPair(`a${b}-${c}`, `b${b}-${c}`);
        hv.port(`br${b}`, one);
        hv.port(`br${(b + 1) % bridges}`, other);
      }
    }
    hv.guest('br0');
    hv.port('br0', BOND);
  };
}

for (const [bridges, cables] of [
  [1, 1],
  [2, 1],
  [3, 1],
  [2, 4],
  [6, 6],
] as const) {
  test(`a loop of ${bridges} bridges and ${cables} cables each comes to an end, and its guest still finds the bond`, () => {
    const host = new FakeHost(tangle(bridges, cables));
    const found = verdictsBehind(host, 'tap1');
    assert.ok(found.some(({ bond, suppressed }) => bond === host.index(BOND) && suppressed === null));
  });
}

test('VLAN devices stacked in a ring come to an end', () => {
  const host = new FakeHost();
  const one = host.add('one', { type: 'vlan', id: 1, protocol: 0x8100 });
  const two = host.add('two', { type: 'vlan', id: 2, protocol: 0x8100 }, { lower: one });
  host.change('one', { lower: two });
  const topology = topologyOf(host);
  assert.deepEqual(exitsOfDevice(topology, one), []);
  assert.deepEqual(exitsByPort(topology, two, one, null), []);
  assert.equal(isGuestPort(topology, one), false);
});
