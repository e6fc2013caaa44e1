import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import { bridge, GUEST, ovsBond, OvsHost, port, vlans } from '../../support/ovs.js';

const { tunnel, all } = vlans;
const SAYS = { claims: [], confirms: [], releases: [], proof: true };
const SILENT = { ...SAYS, router: null, raSent: false, rsSent: false, arp: false };
const TAGS = [
  { tpid: 0x88a8, vid: 100 },
  { tpid: 0x8100, vid: 7 },
];

/** The guest leaves by a bond from a dot1q-tunnel port with several VLANs of which nobody knows which it uses. */
function tunnelled(
  uplink: ReturnType<typeof port>,
  settings: NonNullable<ConstructorParameters<typeof OvsHost>[1]>['settings'] = {},
): OvsHost {
  const host = new OvsHost([bridge('br0', [uplink, port('tap1', tunnel(100, 0x88a8, 7, 8))])], { settings });
  host.rows('br0', [GUEST, 'tap1', 100]);
  return host;
}

function heardOn(host: OvsHost, name: string): BondId {
  const bond = asBond(host.state.topology.linkByName(name)?.ifindex ?? 0);
  host.state.heard(bond, { mac: GUEST, tags: TAGS, direction: 'out', ...SILENT }, host.now);
  return bond;
}

test('a guest of a dot1q-tunnel port is announced as it was heard, when the tables have been read since', () => {
  const host = tunnelled(port('bond0'));
  host.now += 1;
  heardOn(host, 'bond0');
  host.state.settle(host.now, host.now + 1);
  assert.deepEqual(host.say(), [], 'a row may be on its way');
  host.now += 2;
  host.rows('br0', [GUEST, 'tap1', 100]);
  host.state.settle(host.now, host.now);
  assert.deepEqual(host.say(), ['bond0/88a8.100/7']);
});

test('where the tables are not read, a quarter of a minute has to do', () => {
  const host = tunnelled(port('bond0'));
  host.now += 1;
  heardOn(host, 'bond0');
  host.now += 14;
  host.state.settle(host.now, host.now);
  assert.deepEqual(host.say(), []);
  host.now += 1;
  host.state.settle(host.now, host.now);
  assert.deepEqual(host.say(), ['bond0/88a8.100/7']);
});

test('it is excluded with its port', () => {
  const host = tunnelled(port('bond0'), { exclude: { macs: [], vlans: [], ports: ['tap?'] } });
  heardOn(host, 'bond0');
  host.state.settle(host.now, host.now);
  assert.deepEqual(host.say(), ['bond0/88a8.100/7 (excluded)']);
});

test('to a bond of Open vSwitch it comes by its port, with the tag that it sends', () => {
  const host = tunnelled(ovsBond('ovsbond', ['up1', 'up2'], {}, all));
  const bond = heardOn(host, 'ovsbond');
  host.state.settle(host.now, host.now);
  host.state.takeStale();
  const [verdict, ...more] = host.state.verdicts(GUEST);
  assert.deepEqual(more, []);
  assert.deepEqual([verdict?.bond, verdict?.source, verdict?.suppressed], [bond, 'heard', null]);
  assert.equal(host.nameOf(verdict?.entry?.port ?? null), 'tap1');
  assert.deepEqual(verdict?.entry?.tags, TAGS.slice(1));
});
