import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { FdbEvent, LinkEvent } from '../../../src/kernel/events.js';
import { readFdb } from '../../../src/guests/learned.js';
import { readMacvlans } from '../../../src/guests/declared.js';
import { eventsOf, loadFixture } from '../../support/fixtures.js';
import { FakeHost } from '../../support/host.js';

const ROW: FdbEvent = {
  type: 'fdb',
  gone: false,
  mac: '52:54:00:12:34:56' as Mac,
  port: 6,
  bridge: 5,
  vlan: 10,
  state: 2,
  flags: 0,
};
const SIGHTING = { source: 'fdb', mac: ROW.mac, device: 6, bridge: 5, vlan: 10 };

test('a row that the bridge learned, or that was set as static, tells where a MAC is', () => {
  for (const state of [0x02, 0x04, 0x40]) assert.deepEqual(readFdb({ ...ROW, state }), SIGHTING);
  assert.deepEqual(readFdb({ ...ROW, vlan: null }), { ...SIGHTING, vlan: null });
  assert.deepEqual(readFdb({ ...ROW, flags: 0x10 }), SIGHTING, 'learned by somebody else for the bridge');
});

test('every other row has a reason why it tells nothing', () => {
  const reasons: [Partial<FdbEvent>, string][] = [
    [{ bridge: null }, 'device-row'],
    [{ flags: 0x02 }, 'device-row'],
    [{ flags: 0x02, state: 0x80 }, 'device-row'],
    [{ state: 0x80 }, 'local'],
    [{ state: 0xc0 }, 'local'],
    [{ mac: '33:33:00:00:00:01' as Mac }, 'group-address'],
    [{ mac: 'ff:ff:ff:ff:ff:ff' as Mac }, 'group-address'],
    [{ mac: '00:00:00:00:00:00' as Mac }, 'zero-address'],
  ];
  for (const [change, reason] of reasons) assert.equal(readFdb({ ...ROW, ...change }), reason, JSON.stringify(change));
});

test('of a recorded forwarding database exactly the rows of guests and of the far side remain', () => {
  const fixture = loadFixture('devices');
  const sightings = eventsOf(fixture, 'dump fdb').flatMap((event) => {
    const read = event.type === 'fdb' ? readFdb(event) : 'no row';
    return typeof read === 'string' ? [] : [read];
  });
  const rows = (fixture.truth?.fdb ?? []).filter(
    ({ state, flags }) => state !== 'permanent' && !flags.includes('self'),
  );
  const names = new Map(Object.entries(fixture.names).map(([name, ifindex]) => [ifindex, name]));
  assert.deepEqual(
    sightings.map(({ mac, device, bridge, vlan }) => [mac, names.get(device), names.get(bridge ?? 0), vlan]),
    rows.map(({ mac, ifname, master, vlan }) => [mac, ifname, master, vlan ?? null]),
  );
  assert.ok(sightings.length >= 8);
});

test('macvlans and macvtaps that are up are guests under their own address', () => {
  const host = new FakeHost((hv) => {
    hv.macvlan('bond0');
    hv.macvlan('bond0', { type: 'macvtap' });
    hv.macvlan('bond0');
    hv.macvlan('bond0');
    hv.macvlan('bond0');
    hv.bridge('br0');
    hv.guest('br0');
  });
  host.change('macvlan3', { up: false });
  host.change('macvlan4', { master: host.index('br0') });
  host.change('macvlan5', { address: null });
  const links = host.dump().filter((event): event is LinkEvent => event.type === 'link');
  assert.deepEqual(readMacvlans(links), [
    { source: 'macvlan', mac: '52:54:00:00:00:01', device: host.index('macvlan1'), bridge: null, vlan: null },
    { source: 'macvlan', mac: '52:54:00:00:00:02', device: host.index('macvtap2'), bridge: null, vlan: null },
  ]);
});
