import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { Heard } from '../../../src/sources/snoop.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import { bondsBeyond } from '../../../src/topology/bonds-in-front.js';
import type { FakeHost } from '../../support/host.js';
import { bridge, GUEST, OvsHost, patch, port, vlans } from '../../support/ovs.js';

/*
 * A bond of Open vSwitch between two patch ports, each to a bridge with a bond of the kernel.
 */

const TAGS = [{ tpid: 0x8100, vid: 905 }];
const ADDRESS = '192.0.2.7' as Ip;
const SAID: Heard = {
  ...{ mac: GUEST, tags: TAGS, direction: 'out', claims: [ADDRESS], confirms: [], releases: [], proof: true },
  ...{ router: null, raSent: false, rsSent: false, arp: true },
};

function cabled(active: 'out-1' | 'out-2' = 'out-1'): OvsHost {
  const ends = [patch('out-1', 'in-1'), patch('out-2', 'in-2')];
  const interfaces = ends.flatMap((each) => each.interfaces);
  const bond = { mode: 'active-backup', active: `interface ${active}`, lacp: 'off', updelay: 0 } as const;
  const twins = { uuid: 'port twins', name: 'twins', vlans: vlans.all, interfaces, bond };
  const second = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
  const host = new OvsHost(
    [
      bridge('br-int', [twins, port('tap1', vlans.access(905))]),
      bridge('br-1', [patch('in-1', 'out-1'), port('bond0')]),
      bridge('br-2', [patch('in-2', 'out-2'), port('bond9')]),
    ],
    { attach: (kernel: FakeHost) => kernel.add('bond9', second) },
  );
  host.rows('br-int', [GUEST, 'tap1', 905]);
  return host;
}

const bondOf = (host: OvsHost, name: string): BondId => asBond(host.state.topology.linkByName(name)?.ifindex ?? 0);

function addresses(host: OvsHost, bond: string): Ip[] {
  return host.state.addressesOf(GUEST, { bond: bondOf(host, bond), tags: TAGS }, host.now).map(({ ip }) => ip);
}

test('what is heard leaving beyond is heard on the bond of patch ports, and its addresses are known by either way', () => {
  const host = cabled();
  assert.deepEqual(host.say(), ['twins/905 from tap1']);
  host.state.heard(bondOf(host, 'bond0'), SAID, host.now);
  for (const bond of ['bond0', 'twins', 'bond9']) assert.deepEqual(addresses(host, bond), [ADDRESS], bond);
});

test('a claim of somebody outside takes the address away where it comes in by the active member', () => {
  const host = cabled();
  host.state.heard(bondOf(host, 'bond0'), SAID, host.now);
  const other: Heard = { ...SAID, mac: '52:54:00:00:00:99' as Mac, direction: 'in' };
  host.state.heard(bondOf(host, 'bond9'), other, host.now + 1);
  assert.deepEqual(addresses(host, 'twins'), [ADDRESS], 'Open vSwitch drops what a spare member brings');
  host.state.heard(bondOf(host, 'bond0'), other, host.now + 1);
  for (const bond of ['bond0', 'twins', 'bond9']) assert.deepEqual(addresses(host, bond), [], bond);
});

test('a frame that claims no address is no proof to the bond of patch ports: Open vSwitch sends such itself', () => {
  const host = cabled();
  host.state.heard(bondOf(host, 'twins'), { ...SAID, direction: 'in' }, host.now);
  assert.deepEqual(host.say(), ['twins/905 from tap1 (seen-on-uplink)']);
  host.state.heard(bondOf(host, 'bond0'), { ...SAID, claims: [] }, host.now + 1);
  assert.deepEqual(host.say(), ['twins/905 from tap1 (seen-on-uplink)']);
  host.state.heard(bondOf(host, 'bond0'), SAID, host.now + 1);
  assert.deepEqual(host.say(), ['twins/905 from tap1']);
});

test('who leaves beyond, and is not behind the bond of patch ports, is nobody there', () => {
  const host = cabled();
  const stranger = '52:54:00:00:00:33' as Mac;
  host.rows('br-1', [stranger, 'in-1', 7]); // of another guest of br-int, in another VLAN
  host.state.heard(bondOf(host, 'bond0'), { ...SAID, mac: stranger }, host.now);
  host.now += 20;
  host.state.settle(host.now, host.now);
  assert.deepEqual(
    host.say(stranger).filter((each) => each.startsWith('twins')),
    [],
  );
});

test('the bonds beyond are those that frames with these tags leave by', () => {
  const host = cabled();
  const names = (bond: string): string[] =>
    bondsBeyond(host.state.topology, { bond: bondOf(host, bond), tags: TAGS }).map((each) => host.nameOf(each));
  assert.deepEqual([names('twins'), names('bond0')], [['bond0', 'bond9'], []]);
});
