import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { type ManualRequest, planManual } from '../../../src/plan/manual.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { dissect } from '../../support/dissect.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;

function aware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10 });
  hv.guest('br0', { access: 30 });
}

/** Guests 3 and 1 in VLAN 10, 1 also untagged, 2 in a VLAN that does not leave, 9 on the far side. */
function planFor(request: Partial<ManualRequest>) {
  const fake = new FakeHost(aware);
  const host = new HostState(guestSettings());
  const rows = [
    fake.fdb(mac(3), 'tap1', { vlan: 10 }),
    fake.fdb(mac(1), 'tap1', { vlan: 10 }),
    fake.fdb(mac(1), 'tap1', { vlan: 20 }),
    fake.fdb(mac(2), 'tap2', { vlan: 30 }),
    fake.fdb(mac(9), BOND, { vlan: 10 }),
  ];
  for (const event of [...fake.dump(), ...rows]) host.apply(event, 0);
  host.takeStale();
  const plan = planManual(host, { bond: fake.index(BOND), macs: [], vlan: null, ...request });
  for (const { mac: whose, vlan, bytes } of plan.frames) {
    const { src, tags, arp } = dissect(bytes);
    assert.deepEqual([src, arp?.sha, tags[0]?.vid ?? null], [whose, whose, vlan], 'the frame is what the plan says');
  }
  assert.equal(new Set(plan.frames.map(({ key }) => key)).size, plan.frames.length);
  return {
    frames: plan.frames.map((frame) => [frame.kind, frame.mac, frame.vlan]),
    suppressed: plan.suppressed.map((row) => [row.mac, row.vlan, row.reason]),
  };
}

const NOBODY = { frames: [], suppressed: [] };

test('asked for nobody in particular, everyone is announced, in order of MAC and VLAN, and the others are named', () => {
  assert.deepEqual(planFor({}), {
    frames: [
      ['rarp', mac(1), null],
      ['rarp', mac(1), 10],
      ['rarp', mac(3), 10],
    ],
    suppressed: [[mac(2), 30, 'vlan-not-on-uplink']],
  });
});

test('asked for a MAC, it alone is announced, and once however often it is named', () => {
  assert.deepEqual(planFor({ macs: [mac(3), mac(3)] }), { frames: [['rarp', mac(3), 10]], suppressed: [] });
});

test('asked for a VLAN, only the guests in it are announced', () => {
  assert.deepEqual(planFor({ vlan: 10 }).frames, [
    ['rarp', mac(1), 10],
    ['rarp', mac(3), 10],
  ]);
  assert.deepEqual(planFor({ vlan: 30 }), { frames: [], suppressed: [[mac(2), 30, 'vlan-not-on-uplink']] });
  assert.deepEqual(planFor({ vlan: 99 }), NOBODY);
});

test('asked for a MAC in a VLAN, both must fit', () => {
  assert.deepEqual(planFor({ macs: [mac(1)], vlan: 10 }), { frames: [['rarp', mac(1), 10]], suppressed: [] });
});

test('a MAC that nobody knows is announced as the operator says', () => {
  assert.deepEqual(planFor({ macs: [mac(7)] }), { frames: [['rarp', mac(7), null]], suppressed: [] });
  assert.deepEqual(planFor({ macs: [mac(7)], vlan: 11 }), { frames: [['rarp', mac(7), 11]], suppressed: [] });
});

test('a MAC that is known to live elsewhere is not announced, whoever asks', () => {
  assert.deepEqual(planFor({ macs: [mac(9)], vlan: 10 }), { frames: [], suppressed: [[mac(9), 10, 'seen-on-uplink']] });
});

test('the address of a virtual router is not announced, whoever asks', () => {
  const router = '00:00:5e:00:01:01' as Mac;
  assert.deepEqual(planFor({ macs: [router] }), { frames: [], suppressed: [[router, null, 'virtual-router']] });
});

test('the guests of another bond are none of this one', () => {
  assert.deepEqual(planFor({ bond: 4711 }), NOBODY);
});
