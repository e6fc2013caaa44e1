import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { HeardExit } from '../../../src/guests/heard-book.js';
import { Policy } from '../../../src/guests/policy.js';
import { judge } from '../../../src/guests/verdict.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { Topology } from '../../../src/topology/topology.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

/* A guest that tags its own traffic was heard with those tags. Which of them it may still be announced with. */

const GUEST = '52:54:00:12:34:56' as Mac;
const Q = 0x8100;
const AD = 0x88a8;
type Stack = readonly (number | { tpid: number; vid: number })[];
const tagsOf = (stack: Stack) => stack.map((tag) => (typeof tag === 'number' ? { tpid: Q, vid: tag } : tag));

function start(attach: (hv: Hypervisor) => void) {
  const host = new FakeHost(attach);
  const topology = new Topology();
  for (const event of host.dump()) topology.apply(event);
  const bond = asBond(host.index(BOND));
  const heard = (stack: Stack): HeardExit => ({
    ...{ bond, tags: tagsOf(stack), out: 5, proof: 5, in: -Infinity, inSince: -Infinity },
    ...{ since: 5, router: null, advertised: false, addresses: new Map() },
  });
  /** The verdicts on a guest with a row for tap1 in a VLAN that was heard with these tags, but for that of its row. */
  const says = (vlan: number | null, ...stacks: Stack[]): string[] => {
    const { ifindex: device, master: bridge } = host.get('tap1');
    const sightings = [{ source: 'fdb' as const, mac: GUEST, device, bridge, vlan }];
    const evidence = { sightings, remembered: [], heard: stacks.map(heard), configured: [], claimed: [], waitsAt: [] };
    const [, ...inner] = judge(topology, GUEST, evidence, new Policy(guestSettings()));
    return inner.map(({ tags, suppressed }) => `${tags.map(({ vid }) => vid).join('.')} ${suppressed}`);
  };
  return { host, topology, says };
}

function trunk(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10, 905] });
  hv.guest('br0');
  hv.bridgeLines.push('vlan add dev tap1 vid 10', 'vlan add dev tap1 vid 905');
}

test('a bridge that knows no VLANs lets every tag through', () => {
  const { says } = start((hv) => {
    hv.bridge('br0');
    hv.port('br0', BOND);
    hv.guest('br0');
  });
  assert.deepEqual(says(null, [905], [905, 7]), ['905 null', '905.7 null']);
});

test('a tag by which the bridge sorts is a VLAN of the bridge: it counts while guest and bond are in it', () => {
  const { host, topology, says } = start(trunk);
  assert.deepEqual(says(1, [905], [30]), ['905 null'], 'nobody is in VLAN 30');
  host.bridge(`vlan del dev ${BOND} vid 905`);
  topology.apply(host.port(BOND));
  assert.deepEqual(says(1, [905], [905, 7]), ['905 vlan-not-on-uplink', '905.7 vlan-not-on-uplink']);
  host.bridge(`vlan add dev ${BOND} vid 905`);
  host.bridge('vlan del dev tap1 vid 905');
  for (const port of [BOND, 'tap1']) topology.apply(host.port(port));
  assert.deepEqual(says(1, [905]), []);
});

test('behind the tag that the guest itself gives its VLAN, and of another EtherType, tags are its own affair', () => {
  const { says } = start(trunk);
  assert.deepEqual(says(10, [10, 20]), ['10.20 null']);
  assert.deepEqual(says(1, [{ tpid: AD, vid: 905 }]), ['905 null']);
});

test('a bridge between the guest and the bond sorts as well', () => {
  const attach = (member: boolean) => (hv: Hypervisor) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, member ? { tagged: [905] } : {});
    hv.bridge('qbr');
    hv.vethPair('qvb', 'qvo');
    hv.port('qbr', 'qvb');
    hv.port('br0', 'qvo', { tagged: [905] });
    hv.guest('qbr');
  };
  assert.deepEqual(start(attach(true)).says(null, [905]), ['905 null']);
  assert.deepEqual(start(attach(false)).says(null, [905]), ['905 vlan-not-on-uplink']);
});
