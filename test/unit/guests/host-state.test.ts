import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { eventsOf, loadFixture } from '../../support/fixtures.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const GUEST = '52:54:00:00:00:01' as Mac;

function known(limit = 10): { host: FakeHost; state: HostState } {
  const host = new FakeHost(plainBridge(1));
  const state = new HostState(guestSettings({ total: limit, perPort: 64, remember: 60 }));
  for (const event of host.dump()) state.apply(event, 0);
  state.takeStale();
  return { host, state };
}

test('at first, everything is to be judged', () => {
  assert.equal(new HostState(guestSettings({ total: 1, perPort: 64, remember: 60 })).takeStale(), 'all');
});

test('a guest that is learned, moves or goes is to be judged again, and nobody else', () => {
  const { host, state } = known();
  state.apply(host.fdb(GUEST, 'tap1'), 0);
  assert.deepEqual(state.takeStale(), new Set([GUEST]));
  assert.deepEqual(
    state.verdicts(GUEST).map(({ suppressed }) => suppressed),
    [null],
  );
  state.apply(host.fdb(GUEST, 'tap1'), 0);
  assert.deepEqual(state.takeStale(), new Set());
  state.apply(host.fdb(GUEST, BOND), 0);
  assert.deepEqual(state.takeStale(), new Set([GUEST]));
  state.apply(host.fdb(GUEST, BOND, { gone: true }), 0);
  assert.deepEqual(state.takeStale(), new Set([GUEST]));
});

test('when the host changes its shape, everything is to be judged again; when a bond fails over, nothing', () => {
  const { host, state } = known();
  state.apply(host.change('up1', { lowerUp: false, bondSlaveActive: false }), 0);
  state.apply(host.change('up2', { bondSlaveActive: true }), 0);
  assert.deepEqual(state.takeStale(), new Set());
  state.apply(host.change(BOND, { up: false }), 0);
  assert.equal(state.takeStale(), 'all');
});

test('a row that tells nothing, or that there is no room for, is passed over for a reason', () => {
  const { host, state } = known(1);
  assert.equal(state.apply(host.fdb(GUEST, 'tap1'), 0), null);
  assert.deepEqual(state.apply(host.fdb('52:54:00:00:00:02', 'tap1'), 0), { source: 'fdb', reason: 'table-full' });
  assert.deepEqual(state.apply(host.fdb(GUEST, 'tap1', { state: 0x80 }), 0), { source: 'fdb', reason: 'local' });
  assert.deepEqual(state.apply(host.fdb(GUEST, 'tap1', { bridge: null }), 0), { source: 'fdb', reason: 'device-row' });
});

test('the farewell of a row that told nothing takes no guest away', () => {
  const { host, state } = known();
  state.apply(host.fdb(GUEST, 'tap1'), 0);
  state.apply(host.fdb(GUEST, 'tap1', { state: 0x80, gone: true }), 0);
  assert.deepEqual([...state.macs()], [GUEST]);
});

test('after a dump the guests that it did not mention are judged again', () => {
  const { host, state } = known();
  state.apply(host.fdb(GUEST, 'tap1'), 0);
  state.apply(host.fdb('52:54:00:00:00:02', 'tap1'), 0);
  state.takeStale();
  state.startDump();
  for (const event of [...host.dump(), host.fdb(GUEST, 'tap1')]) state.apply(event, 0);
  assert.deepEqual(state.takeStale(), new Set(), 'nobody is given up before the dump has ended');
  state.finishDump(0);
  assert.deepEqual(state.takeStale(), new Set(['52:54:00:00:00:02']));
});

test('a macvlan that comes, goes or gets another address is followed', () => {
  const { host, state } = known();
  host.ip(`link add link ${BOND} name mv address 52:54:00:00:00:07 type macvlan mode bridge`);
  state.apply(host.get('mv'), 0);
  assert.deepEqual(state.takeStale(), new Set(['52:54:00:00:00:07']));
  assert.deepEqual([...state.macs()], ['52:54:00:00:00:07']);
  state.apply(host.change('mv', { address: '52:54:00:00:00:08' as Mac }), 0);
  state.takeStale();
  assert.deepEqual([...state.macs()], ['52:54:00:00:00:08']);
  state.apply(host.remove('mv'), 0);
  state.takeStale();
  assert.deepEqual([...state.macs()], []);
});

test('a guest that libvirt runs is known by its device, as the device comes, moves, is renamed and goes', () => {
  const { host, state } = known();
  const tell = (target: string): void => state.setGuestInterfaces([{ domain: 'g', mac: GUEST, target }]);
  const judged = (): unknown[] => {
    const stale = state.takeStale();
    if (stale !== 'all') assert.deepEqual([...stale], [GUEST]);
    return state.verdicts(GUEST).map(({ source, suppressed }) => [source, suppressed]);
  };
  const here = [['libvirt', null]];
  tell('vnet7');
  assert.deepEqual(state.takeStale(), new Set(), 'no such device yet');
  tell('tap1');
  assert.deepEqual(judged(), here);
  tell('tap1');
  assert.deepEqual(state.takeStale(), new Set(), 'nothing new');
  state.apply(host.change('tap1', { name: 'vnet0' }), 0);
  assert.deepEqual(judged(), []);
  state.apply(host.change('tap1', { name: 'tap1' }), 0);
  assert.deepEqual(judged(), here);
  state.apply(host.change('tap1', { lowerUp: false }), 0);
  assert.deepEqual(judged(), [], 'its process is gone');
  state.apply(host.change('tap1', { lowerUp: true }), 0);
  assert.deepEqual(judged(), here);
  state.apply(host.remove('tap1'), 0);
  assert.deepEqual(judged(), []);
  host.add('tap1', { type: 'other', kind: 'tun' }, { master: host.index('br0') });
  state.apply(host.get('tap1'), 0);
  assert.deepEqual(judged(), here);
  state.setGuestInterfaces([]);
  assert.deepEqual(judged(), []);
});

test('what libvirt said before a restart does not outweigh what a bridge learns after it', () => {
  const { host, state } = known();
  state.setGuestInterfaces([{ domain: 'g', mac: GUEST, target: 'tap1' }]);
  const saved = [...state.snapshot(0).guests];
  const next = known().state;
  next.restore(saved, 1);
  next.takeStale();
  assert.deepEqual(next.verdicts(GUEST)[0]?.suppressed, null);
  next.apply(host.fdb(GUEST, BOND), 2);
  assert.deepEqual(next.verdicts(GUEST)[0]?.suppressed, 'seen-on-uplink');
});

test('on a VLAN-aware bridge a guest that libvirt runs is in the VLAN of its port', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [10, 11] });
    hv.guest('br0', { access: 10 });
  });
  const state = new HostState(guestSettings({ total: 10, perPort: 64, remember: 60 }));
  state.setGuestInterfaces([{ domain: 'g', mac: GUEST, target: 'tap1' }]);
  const vlans = (): unknown[] => {
    state.takeStale();
    return state.verdicts(GUEST).map(({ tags, source }) => [tags.map(({ vid }) => vid), source]);
  };
  for (const event of host.dump()) state.apply(event, 0);
  assert.deepEqual(vlans(), [[[10], 'libvirt']]);
  state.apply(host.fdb(GUEST, 'tap1', { vlan: 10 }), 0);
  assert.deepEqual(vlans(), [[[10], 'libvirt']]);
  state.apply(host.setVlans('tap1', [{ first: 11, last: 11, untagged: true, pvid: true }]), 0);
  state.apply(host.fdb(GUEST, 'tap1', { vlan: 10, gone: true }), 0);
  assert.deepEqual(vlans(), [[[11], 'libvirt']]);
  state.apply(host.setVlans('tap1', [{ first: 10, last: 11, untagged: false, pvid: false }]), 0);
  assert.deepEqual(vlans(), []);
});

test('a recorded host gives every guest with its tags, and none that is not one', () => {
  const fixture = loadFixture('devices');
  const state = new HostState(guestSettings({ total: 1000, perPort: 64, remember: 60 }));
  for (const { what } of fixture.parts) for (const event of eventsOf(fixture, what)) state.apply(event, 0);
  state.takeStale();
  const told = [...state.macs()].flatMap((mac) =>
    state.verdicts(mac).flatMap(({ tags, source, suppressed }) => {
      const stack = tags.map(({ tpid, vid }) => `${tpid === 0x88a8 ? 's' : 'c'}${vid}`).join('.');
      return suppressed === null ? [`${mac} ${stack || 'untagged'} ${source}`] : [];
    }),
  );
  // The veth pair joins VLAN 10 of one bridge with the bridge on VLAN 905: a frame of either side leaves by both.
  assert.deepEqual(
    told.sort(),
    [
      '02:00:00:00:0b:01 c10 host',
      '02:00:00:00:0b:01 c905 host',
      '52:54:00:00:00:01 c10 fdb',
      '52:54:00:00:00:02 untagged fdb',
      '52:54:00:00:00:01 c905 fdb',
      '52:54:00:00:00:03 c10 fdb',
      '52:54:00:00:00:03 c905 fdb',
      '52:54:00:00:00:04 s11 macvlan',
      '52:54:00:00:00:05 s11.c12 macvlan',
      '52:54:00:aa:00:01 c10 fdb',
      '52:54:00:aa:00:01 c905 fdb',
      '52:54:00:aa:00:02 c10 fdb',
      '52:54:00:aa:00:02 c905 fdb',
      '52:54:00:aa:00:03 c10 fdb',
      '52:54:00:aa:00:03 c905 fdb',
    ].sort(),
  );
});

test('while all links are down the guests are kept ready, and at no message of the recovery are they held back', () => {
  const fixture = loadFixture('all-down');
  const state = new HostState(guestSettings({ total: 10, perPort: 64, remember: 60 }));
  const { tap1: port = 0, br0: bridge = 0 } = fixture.names;
  for (const event of eventsOf(fixture, 'dump links')) state.apply(event, 0);
  state.apply({ type: 'fdb', gone: false, mac: GUEST, port, bridge, vlan: null, state: 2, flags: 0 }, 0);
  const heldBack = (): unknown => state.verdicts(GUEST).map(({ suppressed }) => suppressed);
  for (const event of eventsOf(fixture, 'both links fail')) state.apply(event, 0);
  assert.deepEqual(heldBack(), [null]);
  for (const event of eventsOf(fixture, 'the second link comes back')) {
    state.apply(event, 0);
    assert.deepEqual(heldBack(), [null], JSON.stringify(event));
  }
});

test('a guest is back by the frame that brought it back, whichever is read first: the frame or what the bridge learned by it', () => {
  const words = { claims: [], confirms: [], releases: [], router: null, raSent: false, rsSent: false, arp: true };
  const backBy = (frameAt: number) => {
    const { host, state } = known();
    state.apply(host.fdb(GUEST, 'tap1'), 0);
    state.apply(host.fdb(GUEST, BOND), 10);
    state.apply(host.fdb(GUEST, 'tap1'), 20);
    const heard = { mac: GUEST, tags: [], direction: 'out', proof: true, ...words } as const;
    state.heard(asBond(host.index(BOND)), heard, frameAt);
    return state.verdicts(GUEST).map(({ suppressed }) => suppressed);
  };
  assert.deepEqual([backBy(20.1), backBy(19.9)], [[null], [null]]);
  assert.deepEqual(backBy(19.4), ['seen-on-uplink'], 'no frame of so long before brought it back');
});
