import { asBond, type Exit } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mac, parseMacPrefix } from '../../../src/addr/mac.js';
import { type Claim, Policy } from '../../../src/guests/policy.js';
import { judge, type Verdict } from '../../../src/guests/verdict.js';
import type { Sighting } from '../../../src/sources/sighting.js';
import { Topology } from '../../../src/topology/topology.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const GUEST = '52:54:00:12:34:56' as Mac;

class Court {
  readonly host: FakeHost;
  readonly topology = new Topology();

  constructor(attach: (hv: Hypervisor) => void) {
    this.host = new FakeHost(attach);
    for (const event of this.host.dump()) this.topology.apply(event);
  }

  seen(port: string, vlan: number | null = null): Sighting {
    const { ifindex: device, master: bridge } = this.host.get(port);
    return { source: 'fdb', mac: GUEST, device, bridge, vlan };
  }

  /** [tags, source, why not] of each verdict. */
  judge(
    sightings: Sighting[],
    { claimed = [] as Exit[], configured = [] as Claim[], mac = GUEST, refused = [] as string[], exclude = {} } = {},
  ): unknown[] {
    const virtualRouters = refused.map((text) => parseMacPrefix(text) ?? assert.fail(text));
    const settings = guestSettings({ virtualRouters, exclude: { macs: [], vlans: [], ports: [], ...exclude } });
    const evidence = { sightings, remembered: [], heard: [], configured, claimed, waitsAt: [] };
    const verdicts = judge(this.topology, mac, evidence, new Policy(settings));
    assert.ok(verdicts.every(({ bond }) => bond === this.bond));
    return verdicts.map(({ tags, source, suppressed }: Verdict) => [tags.map(({ vid }) => vid), source, suppressed]);
  }

  get bond(): number {
    return this.host.index(BOND);
  }

  claim(vid?: number): Exit {
    return { bond: asBond(this.bond), tags: vid === undefined ? [] : [{ tpid: 0x8100, vid }] };
  }
}

function aware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10, 11] });
  hv.guest('br0', { access: 10 });
  hv.guest('br0', { access: 30 });
}

/** OpenStack's hybrid plugging: the guest's own bridge, joined to the one on the bond. */
function stacked(hv: Hypervisor): void {
  aware(hv);
  hv.bridge('qbr');
  hv.vethPair('qvb', 'qvo');
  hv.port('qbr', 'qvb');
  hv.port('br0', 'qvo', { native: 10 });
  hv.guest('qbr');
}

test('a guest on a port of a bridge is announced, once for each VLAN it speaks in', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([court.seen('tap1', 10)]), [[[10], 'fdb', null]]);
  assert.deepEqual(court.judge([court.seen('tap1', 10), court.seen('tap1', 20)]), [
    [[10], 'fdb', null],
    [[], 'fdb', null],
  ]);
});

test('a guest in a VLAN that the bond is no member of is held back', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([court.seen('tap2', 30)]), [[[30], 'fdb', 'vlan-not-on-uplink']]);
});

test('a MAC that is seen on the uplink alone is no guest', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([court.seen(BOND, 10)]), []);
  assert.deepEqual(court.judge([]), []);
});

test('where two bridges are stacked, the one guest is announced once', () => {
  const court = new Court(stacked);
  assert.deepEqual(court.judge([court.seen('tap3'), court.seen('qvo', 10)]), [[[10], 'fdb', null]]);
});

test('a guest that has moved away is held back, though a stacked bridge has not heard of it yet', () => {
  const court = new Court(stacked);
  const sightings = [court.seen('tap3'), court.seen(BOND, 10)];
  assert.deepEqual(court.judge(sightings), [[[10], 'fdb', 'seen-on-uplink']]);
  assert.deepEqual(court.judge(sightings.reverse()), [[[10], 'fdb', 'seen-on-uplink']]);
});

test("a neighbour that has heard a guest's broadcast on its own stacked bridge does not make it one that lives elsewhere", () => {
  const court = new Court((hv) => {
    stacked(hv);
    hv.bridge('qbr2');
    hv.vethPair('qvb2', 'qvo2');
    hv.port('qbr2', 'qvb2');
    hv.port('br0', 'qvo2', { native: 10 });
    hv.guest('qbr2');
  });
  const sightings = [court.seen('tap3'), court.seen('qvo', 10), court.seen('qvb2')];
  assert.deepEqual(court.judge(sightings), [[[10], 'fdb', null]]);
  const inBr0 = [court.seen('tap1', 10), court.seen('qvb'), court.seen('qvb2')];
  assert.deepEqual(court.judge(inBr0), [[[10], 'fdb', null]]);
});

test('a guest that a bridge above hears through a VLAN device of the bridge below does not live elsewhere', () => {
  const court = new Court((hv) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [905] });
    hv.bridgeSelf('br0', 905);
    hv.bridge('br905');
    hv.port('br905', hv.vlan('br0', 905));
    hv.guest('br0', { access: 905 });
    hv.guest('br905');
  });
  assert.deepEqual(court.judge([court.seen('tap1', 905), court.seen('br0.905')]), [[[905], 'fdb', null]]);
  const moved = [court.seen('tap2'), court.seen(BOND, 905), court.seen('br0.905')];
  assert.deepEqual(court.judge(moved), [[[905], 'fdb', 'seen-on-uplink']]);
});

test('a guest that libvirt runs here is here, though its MAC was seen on the uplink', () => {
  const court = new Court(aware);
  const libvirt: Sighting = { ...court.seen('tap1', 10), source: 'libvirt' };
  for (const other of [court.seen(BOND, 10), court.seen('tap1', 10)]) {
    assert.deepEqual(court.judge([libvirt, other]), [[[10], 'libvirt', null]]);
    assert.deepEqual(court.judge([other, libvirt]), [[[10], 'libvirt', null]]);
  }
  assert.deepEqual(court.judge([court.seen(BOND, 10)]), [], 'once it does not run here any more');
});

test('that libvirt runs a guest here says nothing of other VLANs, and opens no way that is blocked', () => {
  const court = new Court(aware);
  const libvirt = (port: string, vlan: number): Sighting => ({ ...court.seen(port, vlan), source: 'libvirt' });
  assert.deepEqual(court.judge([libvirt('tap1', 10), court.seen('tap2', 20), court.seen(BOND, 20)]), [
    [[10], 'libvirt', null],
    [[], 'fdb', 'seen-on-uplink'],
  ]);
  assert.deepEqual(court.judge([libvirt('tap2', 30)]), [[[30], 'libvirt', 'vlan-not-on-uplink']]);
});

test('in a stack of bridges too, a guest that libvirt runs here is here', () => {
  const court = new Court(stacked);
  const libvirt: Sighting = { ...court.seen('tap3'), source: 'libvirt' };
  assert.deepEqual(court.judge([libvirt, court.seen(BOND, 10)]), [[[10], 'libvirt', null]]);
});

test('a MAC on the uplink in one VLAN does not hold back the guest of the same MAC in another', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([court.seen('tap1', 10), court.seen(BOND, 11)]), [[[10], 'fdb', null]]);
});

test('a way that is open wins over one that is blocked, in whatever order they are found', () => {
  const court = new Court((hv) => {
    stacked(hv);
    hv.bridge('blocked');
    hv.port('blocked', hv.vlan(BOND, 10));
    hv.guest('blocked');
  });
  court.topology.apply(court.host.change(`${BOND}.10`, { bridgePortState: 4 }));
  const sightings = [court.seen('tap4'), court.seen('tap1', 10)];
  assert.deepEqual(court.judge(sightings), [[[10], 'fdb', null]]);
  assert.deepEqual(court.judge(sightings.reverse()), [[[10], 'fdb', null]]);
  assert.deepEqual(court.judge([court.seen('tap4')]), [[[10], 'fdb', 'uplink-not-forwarding']]);
});

test('addresses that routers share are held back wherever they are seen, and whoever claims them', () => {
  const court = new Court(aware);
  const refused = ['00:00:5e:00:01/40'];
  const mac = '00:00:5e:00:01:0a' as Mac;
  const seen = [{ ...court.seen('tap1', 10), mac }];
  assert.deepEqual(court.judge(seen, { mac, refused }), [[[10], 'fdb', 'virtual-router']]);
  assert.deepEqual(court.judge([], { mac, refused, claimed: [court.claim()] }), [[[], 'manual', 'virtual-router']]);
  assert.deepEqual(court.judge(seen, { mac }), [[[10], 'fdb', null]]);
  assert.deepEqual(court.judge([], { mac, refused }), []);
});

test('what an operator claims is announced as said, unless the MAC is known to be elsewhere', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([], { claimed: [court.claim(11)] }), [[[11], 'manual', null]]);
  assert.deepEqual(court.judge([court.seen(BOND, 11)], { claimed: [court.claim(11)] }), [
    [[11], 'manual', 'seen-on-uplink'],
  ]);
});

test('what a source knows of a way out stands before what an operator claims of it', () => {
  const court = new Court(aware);
  assert.deepEqual(court.judge([court.seen('tap1', 10)], { claimed: [court.claim(10)] }), [[[10], 'fdb', null]]);
  assert.deepEqual(court.judge([court.seen('tap2', 30)], { claimed: [court.claim(30)] }), [
    [[30], 'fdb', 'vlan-not-on-uplink'],
  ]);
});

test('a macvlan is a guest by its own address, and its device being down blocks it', () => {
  const court = new Court((hv) => {
    hv.macvlan(hv.vlan(BOND, 905));
  });
  const sighting: Sighting = {
    source: 'macvlan',
    mac: GUEST,
    device: court.host.index('macvlan1'),
    bridge: null,
    vlan: null,
  };
  assert.deepEqual(court.judge([sighting]), [[[905], 'macvlan', null]]);
  court.topology.apply(court.host.change(`${BOND}.905`, { up: false }));
  assert.deepEqual(court.judge([sighting]), [[[905], 'macvlan', 'uplink-down']]);
});

test('what the operator excludes is held back: a MAC, a VLAN on the wire, the guests of a port', () => {
  const court = new Court(aware);
  const seen = court.seen('tap1', 11);
  const held = [[[11], 'fdb', 'excluded']];
  const macs = [parseMacPrefix(`${GUEST.slice(0, 8)}/24`)];
  assert.deepEqual(court.judge([seen], { exclude: { macs } }), held);
  assert.deepEqual(court.judge([seen], { exclude: { vlans: [11] } }), held);
  assert.deepEqual(court.judge([seen], { exclude: { ports: ['eth*', 'tap?'] } }), held);
  assert.deepEqual(court.judge([seen], { exclude: { vlans: [12], ports: ['tap'] } }), [[[11], 'fdb', null]]);
});
