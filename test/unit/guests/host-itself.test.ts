import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { VIRTUAL_ROUTER_MACS } from '../../../src/config/constants.js';
import { BOND, type Hypervisor, ownBridge } from '../../lab/net/hypervisor.js';
import { Story } from '../../support/story.js';

const HOST = '02:00:00:00:00:0b' as Mac;
const ADDRESS = '192.0.2.10' as Ip;
const GLOBAL = '2001:db8::10' as Ip;
const LOCAL = 'fe80::1234' as Ip;

/** A host that speaks through its bridge, a VLAN device above it, and one on the bond itself. */
function speaking(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.bridgeSelf('br0', 905);
  hv.port('br0', BOND, { tagged: [905] });
  hv.ip(
    'link add link br0 name br0.905 type vlan protocol 802.1Q id 905',
    `link add link ${BOND} name ${BOND}.7 type vlan protocol 802.1Q id 7`,
  );
}

class HostStory extends Story {
  constructor(change?: ConstructorParameters<typeof Story>[1]) {
    super(speaking, change);
    for (const device of ['br0', 'br0.905', `${BOND}.7`, BOND]) this.take(this.host.change(device, { address: HOST }));
  }

  address(device: string, address: Ip, { gone = false, usable = true } = {}): void {
    this.take({ type: 'address', gone, ifindex: this.host.index(device), address, usable });
  }

  get judged(): unknown[] {
    this.state.takeStale();
    return this.state
      .verdicts(HOST)
      .map(({ source, tags, suppressed }) => [source, ...tags.map(({ vid }) => vid), suppressed]);
  }
}

test('the host is announced with the addresses of its bridge and of VLAN devices above it, each where it is', () => {
  const story = new HostStory();
  assert.deepEqual(story.judged, [], 'a bridge without an address does not speak');
  story.address('br0', ADDRESS);
  story.address('br0.905', GLOBAL);
  story.address(`${BOND}.7`, '192.0.2.7' as Ip);
  story.address(BOND, '192.0.2.8' as Ip);
  assert.deepEqual(
    story.judged,
    [
      ['host', null],
      ['host', 905, null],
    ],
    'the kernel sees to what is on the bond itself',
  );
  assert.deepEqual(story.addresses({ mac: HOST }), [[ADDRESS, false]]);
  assert.deepEqual(story.addresses({ mac: HOST, vids: [905] }), [[GLOBAL, false]]);
});

test('addresses that go, are not usable, or whose device is gone or down are not announced', () => {
  const story = new HostStory();
  story.address('br0', ADDRESS, { usable: false });
  story.address('br0', '127.0.0.1' as Ip);
  assert.deepEqual(story.judged, []);
  story.address('br0', ADDRESS);
  assert.deepEqual(story.judged, [['host', null]]);
  story.address('br0', ADDRESS, { gone: true });
  assert.deepEqual(story.judged, []);
  story.address('br0', ADDRESS);
  story.take(story.host.change('br0', { up: false }));
  assert.deepEqual(story.judged, []);
  story.take(story.host.change('br0', { up: true }));
  assert.deepEqual(story.judged, [['host', null]]);
  story.take(story.host.remove('br0'));
  assert.deepEqual(story.judged, []);
});

test('an address more or less on a device that is announced already is noticed', () => {
  const story = new HostStory();
  story.address('br0', ADDRESS);
  story.state.takeStale();
  story.address('br0', GLOBAL);
  assert.deepEqual(story.state.takeStale(), new Set([HOST]));
});

test('the Router flag of the host is what the kernel says of forwarding', () => {
  const story = new HostStory();
  const forward = (forwarding: boolean): void =>
    story.take({ type: 'forwarding', ifindex: story.host.index('br0'), forwarding });
  story.address('br0', GLOBAL);
  forward(true);
  assert.deepEqual(story.addresses({ mac: HOST }), [[GLOBAL, true]]);
  forward(false);
  assert.deepEqual(story.addresses({ mac: HOST }), [[GLOBAL, false]]);
});

test('nobody takes the MAC of the host from it, though it is heard on the network', () => {
  const story = new HostStory();
  story.address('br0', ADDRESS);
  story.heard('in', { mac: HOST });
  assert.deepEqual(story.judged, [['host', null]]);
});

test('a MAC of its own that changes with the slave is followed', () => {
  const story = new HostStory();
  story.address('br0', ADDRESS);
  const other = '02:00:00:00:00:0c' as Mac;
  story.take(story.host.change('br0', { address: other }));
  assert.deepEqual(story.judged, []);
  assert.equal(story.state.verdicts(other).length, 1);
});

test('after a dump, addresses that it did not mention are gone', () => {
  const story = new HostStory();
  story.address('br0', ADDRESS);
  story.address('br0', GLOBAL);
  story.state.startDump();
  story.take(...story.host.dump());
  story.address('br0', GLOBAL);
  story.state.finishDump(0);
  assert.deepEqual(story.addresses({ mac: HOST }), [[GLOBAL, false]]);
});

test('where its addresses are switched off, the host is not announced', () => {
  const story = new HostStory({ sources: { fdb: true, neighbour: true, hostAddresses: false, snoop: true } });
  story.address('br0', ADDRESS);
  assert.deepEqual(story.judged, []);
});

test('the host is announced also where the neighbour tables are switched off', () => {
  const story = new HostStory({ sources: { fdb: true, neighbour: false, hostAddresses: true, snoop: true } });
  story.address('br0', ADDRESS);
  assert.equal(story.judged.length, 1);
  assert.deepEqual(story.addresses({ mac: HOST }), [[ADDRESS, false]]);
});

test("what a frame with the host's MAC claims beyond the host's own addresses is another's word", () => {
  const story = new HostStory();
  story.address('br0', ADDRESS);
  assert.equal(story.judged.length, 1);
  story.heard('out', { mac: HOST, claims: ['192.0.2.9' as Ip] });
  story.heard('out', { mac: HOST, claims: [ADDRESS] });
  assert.deepEqual(story.addresses({ mac: HOST }), [[ADDRESS, false]]);
});

test('nobody speaks by a bridge, or by a VLAN device above it, that has nothing but a link-local address', () => {
  const story = new HostStory();
  story.address('br0', LOCAL);
  story.address('br0.905', LOCAL);
  assert.deepEqual(story.judged, []);
  story.address('br0', GLOBAL);
  assert.deepEqual(story.judged, [['host', null]]);
  assert.deepEqual(story.addresses({ mac: HOST }), [
    [LOCAL, false],
    [GLOBAL, false],
  ]);
});

test("a guest's own bridge that the bridge on the bond has learned is no guest, nor is a port of it", () => {
  const story = new Story(ownBridge);
  const own = '02:00:00:00:00:0e' as Mac;
  story.take(story.host.fdb(own, 'qvo'));
  assert.equal(story.state.verdicts(own).length, 1, 'for all that is known, it is a guest');
  for (const device of ['qbr', 'qvb']) {
    story.take(story.host.change(device, { address: own }));
    story.state.takeStale();
    assert.deepEqual(story.state.verdicts(own), [], device);
    story.take(story.host.change(device, { address: null }));
  }
  story.take(story.host.change('qbr', { address: own }));
  story.take({ type: 'address', gone: false, ifindex: story.host.index('qbr'), address: LOCAL, usable: true });
  story.heard('out', { mac: own, claims: [LOCAL] });
  story.state.settle(1, 1);
  assert.deepEqual(story.state.verdicts(own), [], 'nor because it was heard');
  story.take({ type: 'address', gone: false, ifindex: story.host.index('qbr'), address: ADDRESS, usable: true });
  story.state.takeStale();
  assert.deepEqual(
    story.state.verdicts(own).map(({ source }) => source),
    ['host'],
  );
});

const ROUTER = '00:00:5e:00:01:33' as Mac;
const ROUTER_IP = '192.0.2.100' as Ip;

/** keepalived's device of a virtual router, over the bridge by which the host speaks. */
function routed(change?: ConstructorParameters<typeof Story>[1]): HostStory {
  const story = new HostStory(change);
  const more = { lower: story.host.index('br0'), address: ROUTER };
  story.host.add('vrrp.51', { type: 'other', kind: 'macvlan' }, more);
  story.take(story.host.get('vrrp.51'));
  story.address('br0', ADDRESS);
  return story;
}

const routerOf = (story: HostStory): unknown => {
  story.state.takeStale();
  return story.state.verdicts(ROUTER).map(({ source, suppressed }) => `${source} ${suppressed}`)[0];
};

for (const virtualRouters of [VIRTUAL_ROUTER_MACS, []]) {
  const setting = virtualRouters.length === 0;
  test(`a virtual router is announced while this host is its master, with virtualRouterMacs: ${setting}`, () => {
    const story = routed({ virtualRouters });
    assert.equal(routerOf(story), undefined, 'the backup');
    story.address('vrrp.51', ROUTER_IP);
    assert.equal(routerOf(story), 'host null');
    assert.deepEqual(story.addresses({ mac: ROUTER }), [[ROUTER_IP, false]]);
    story.heard('in', { mac: ROUTER });
    assert.equal(routerOf(story), 'host null', 'the master before may still speak');
    story.address('vrrp.51', ROUTER_IP, { gone: true });
    assert.equal(routerOf(story), undefined, 'the backup again');
  });
}

test('of the addresses for IPv6 only those of the router make its master', () => {
  const story = routed();
  story.address('br0', LOCAL);
  for (const own of [LOCAL, 'fe80::200:5eff:fe00:133', 'fe80::ff:fe00:b']) {
    story.address('vrrp.51', own as Ip);
    assert.equal(routerOf(story), undefined, own);
  }
  story.address('vrrp.51', 'fe80::1' as Ip);
  assert.equal(routerOf(story), 'host null');
  assert.deepEqual(story.addresses({ mac: ROUTER }), [['fe80::1', false]]);
});

test('where the host is not announced, a virtual router is what the setting says', () => {
  const sources = { fdb: true, neighbour: true, hostAddresses: false, snoop: true };
  for (const virtualRouters of [VIRTUAL_ROUTER_MACS, []]) {
    const story = routed({ sources, virtualRouters });
    assert.equal(routerOf(story), undefined);
    story.address('vrrp.51', ROUTER_IP);
    assert.equal(routerOf(story), virtualRouters.length === 0 ? 'macvlan null' : 'macvlan virtual-router');
  }
});

test("a macvlan above a bridge is the host's voice once it has an address; a guest's macvtap never is", () => {
  const story = new HostStory();
  const mac = '02:00:00:00:00:0d' as Mac;
  for (const kind of ['macvlan', 'macvtap']) {
    const more = { lower: story.host.index('br0'), address: mac };
    story.host.add(kind, { type: 'other', kind }, more);
    story.take(story.host.get(kind));
    const sources = (): unknown[] => (story.state.takeStale(), story.state.verdicts(mac).map(({ source }) => source));
    assert.deepEqual(sources(), ['macvlan']);
    story.address(kind, LOCAL);
    assert.deepEqual(sources(), ['macvlan']);
    story.address(kind, ADDRESS);
    assert.deepEqual(sources(), [kind === 'macvlan' ? 'host' : 'macvlan']);
    story.take(story.host.remove(kind));
  }
});
