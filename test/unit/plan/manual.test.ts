import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { FrameKind } from '../../../src/config/config.js';
import { HostState } from '../../../src/guests/host-state.js';
import { BondPlan, newBuckets } from '../../../src/plan/bond-plan.js';
import { listFrames, ManualGuests, type ManualRequest, manualSettings } from '../../../src/plan/manual.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { dissect } from '../../support/dissect.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { Story } from '../../support/story.js';

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
  const guests = new ManualGuests(host, { bond: asBond(fake.index(BOND)), macs: [], vlan: null, ...request });
  for (const key of guests.keys()) {
    const place = guests.place(key);
    const { src, tags, arp } = dissect(guests.rarp(key) ?? assert.fail(key));
    assert.deepEqual([src, arp?.sha], [place?.mac, place?.mac], 'the frame is that of the guest');
    assert.deepEqual(tags, place?.tags);
  }
  const plan = new BondPlan(
    { ...manualSettings(ANNOUNCE_DEFAULTS, { kinds: ['rarp'], rounds: 1 }) },
    newBuckets(ANNOUNCE_DEFAULTS.rate),
    guests,
    () => 0,
  );
  return {
    frames: [...listFrames(plan, guests, 0)].flat().map((frame) => [frame.kind, frame.mac, frame.vlan]),
    suppressed: guests.suppressed.map((row) => [row.mac, row.vlan, row.reason]),
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
  assert.deepEqual(planFor({ bond: asBond(4711) }), NOBODY);
});

const V4 = '192.0.2.1' as Ip;
const V6 = '2001:db8::1' as Ip;

function withAddresses() {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [V4, V6] });
  const guests = new ManualGuests(story.state, { bond: asBond(story.host.index(BOND)), macs: [], vlan: null });
  const listed = (kinds: readonly FrameKind[], rounds: number): string[] => {
    const settings = manualSettings(ANNOUNCE_DEFAULTS, { kinds, rounds });
    const plan = new BondPlan(settings, newBuckets(settings.rate), guests, () => 0);
    return [...listFrames(plan, guests, story.now)]
      .flat()
      .map(({ kind, ip }) => (ip === null ? kind : `${kind} ${ip}`));
  };
  return { story, guests, listed };
}

test('the frames of an announcement are listed kind by kind, round by round, as they will go', () => {
  const { listed } = withAddresses();
  const all = ['rarp', `garp ${V4}`, `na ${V6}`];
  assert.deepEqual(listed(['rarp', 'garp', 'na'], 1), all);
  assert.deepEqual(listed(['garp'], 2), [`garp ${V4}`, `garp ${V4}`]);
  assert.deepEqual(listed(['na'], 6), [`na ${V6}`, `na ${V6}`, `na ${V6}`], 'no more than three times');
  assert.equal(listed(['rarp'], 6).length, 6);
});

test('a guest that leaves while an announcement lasts is not announced any more', () => {
  const { story, guests } = withAddresses();
  const [key = ''] = guests.keys();
  assert.ok(guests.rarp(key) && guests.place(key));
  story.now = 1;
  story.heard('in');
  assert.deepEqual([guests.rarp(key), guests.place(key)], [null, null]);
});
