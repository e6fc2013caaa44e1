import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { Story } from '../../support/story.js';

const mac = (n: number): Mac => `52:54:00:00:01:${n.toString(16).padStart(2, '0')}` as Mac;
const AWARE = { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100 } as const;
const NEW = '52:54:00:00:00:77' as Mac;

/** A bridge with 4 guests' ports, a macvtap, and a cable from another bridge with one more. */
function shape(hv: Hypervisor): void {
  hv.bridge('br0');
  hv.port('br0', BOND);
  for (let n = 0; n < 4; n++) hv.guest('br0');
  hv.macvlan(BOND);
  hv.bridge('qbr');
  hv.vethPair('qvb', 'qvo');
  hv.port('qbr', 'qvb');
  hv.port('br0', 'qvo');
  hv.guest('qbr');
}

/** So many guests behind the ports of the bridge, in turn; all have been judged. */
function begin(guests: number): Story {
  const story = new Story(shape, { total: 1000, perPort: 1000 });
  for (let n = 0; n < guests; n++) story.take(story.host.fdb(mac(n), `tap${1 + (n % 4)}`));
  story.state.takeStale();
  return story;
}

/** A device comes, as the kernel tells of one that a hypervisor makes for a guest. */
function comes(story: Story, kind: string): void {
  const { host } = story;
  host.add('new0', { type: 'other', kind }, { up: false, lowerUp: false, lower: kind === 'veth' ? 4711 : null });
  story.take(host.get('new0'));
  story.take(host.change('new0', { master: host.index('br0'), bridgePortState: 0 }), host.port('new0'));
  story.take(host.change('new0', { up: true }), host.change('new0', { lowerUp: true, bridgePortState: 3 }));
}

for (const kind of ['tun', 'veth']) {
  test(`when a ${kind} comes, changes and goes, those behind it are judged, however many others there are`, () => {
    const named = (guests: number): string[][] => {
      const story = begin(guests);
      const { host, state } = story;
      const told: string[][] = [];
      const look = (): void => {
        const stale = state.takeStale();
        told.push(stale === 'all' ? ['all'] : [...stale]);
      };
      comes(story, kind);
      look();
      story.take(host.fdb(NEW, 'new0'));
      look();
      assert.equal(state.verdicts(NEW)[0]?.suppressed, null);
      story.take(host.change('new0', { lowerUp: false }));
      look();
      story.take(host.fdb(NEW, 'new0', { gone: true }), host.remove('new0'));
      look();
      assert.deepEqual(state.verdicts(NEW), []);
      return told;
    };
    assert.deepEqual(named(200), [[], [NEW], [NEW], [NEW]]);
    assert.deepEqual(named(200), named(8));
  });
}

test('a guest that fell silent behind a port is judged, and forgotten, when the port leaves its VLAN or bridge for good', () => {
  const story = begin(8);
  const { host, state } = story;
  story.take(host.fdb(mac(0), 'tap1', { gone: true }));
  assert.deepEqual(state.takeStale(), new Set([mac(0)]));
  assert.equal(state.verdicts(mac(0))[0]?.suppressed, null);
  story.take(host.change('tap1', { master: null, bridgePortState: null }));
  state.expire((story.now += 70));
  assert.deepEqual(state.takeStale(), new Set([mac(0), mac(4)]));
  assert.deepEqual([state.verdicts(mac(0)), [...state.macs()].includes(mac(0))], [[], false]);
});

test('a macvtap that comes or goes is a guest that does, and no other is judged', () => {
  const story = begin(8);
  const { host, state } = story;
  host.add('macvtap9', { type: 'other', kind: 'macvtap' }, { lower: host.index(BOND), address: NEW });
  story.take(host.get('macvtap9'));
  assert.deepEqual(state.takeStale(), new Set([NEW]));
  assert.equal(state.verdicts(NEW)[0]?.source, 'macvlan');
  story.take(host.remove('macvtap9'));
  assert.deepEqual([state.takeStale(), state.verdicts(NEW)], [new Set([NEW]), []]);
});

test('what ways lead past concerns everybody: a bond, an uplink, a bridge, a cable, a device above a port', () => {
  const changes: ((story: Story) => void)[] = [
    (story) => story.take(story.host.change(BOND, { up: false })),
    (story) => story.take(story.host.change(BOND, { bridgePortState: 1 })),
    (story) => story.take(story.host.change('up2', { master: null, bondSlaveActive: null })),
    (story) => story.take(story.host.change('br0', { details: AWARE })),
    (story) => story.take(story.host.change('qvo', { up: false })),
    (story) => story.take(story.host.change('qvb', { master: null, bridgePortState: null })),
    (story) => story.take(story.host.remove('qbr')),
    (story) => {
      const { host } = story;
      host.add('tap1.5', { type: 'vlan', id: 5, protocol: 0x8100 }, { lower: host.index('tap1') });
      story.take(host.get('tap1.5'));
      assert.equal(story.state.takeStale(), 'all');
      story.take(host.change('tap1', { up: false }));
    },
  ];
  for (const [n, change] of changes.entries()) {
    const story = begin(8);
    change(story);
    assert.equal(story.state.takeStale(), 'all', `change ${n}`);
  }
});

test('a slave of the bond that fails, or is taken down by hand, concerns nobody: the ways are the same by the other', () => {
  const story = begin(8);
  const { host, state } = story;
  story.take(
    host.change('up1', { lowerUp: false, bondSlaveActive: false }),
    host.change('up2', { bondSlaveActive: true }),
  );
  story.take(host.change('up1', { up: false }));
  assert.deepEqual(state.takeStale(), new Set());
});

test('a guest that libvirt starts or stops at a port concerns those who are there', () => {
  const story = begin(8);
  const { state } = story;
  const run = (...interfaces: Parameters<typeof state.setGuestInterfaces>[0]): void =>
    state.setGuestInterfaces(interfaces);
  const g = { domain: 'g', mac: NEW, target: 'tap1' };
  run(g);
  assert.deepEqual(state.takeStale(), new Set([NEW, mac(0), mac(4)]));
  run(g, { domain: 'h', mac: mac(1), target: 'tap7' });
  assert.deepEqual(state.takeStale(), new Set(), 'no such device');
  run();
  assert.deepEqual(state.takeStale(), new Set([NEW, mac(0), mac(4)]));
});
