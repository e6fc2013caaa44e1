import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OvsBridge, OvsPort, OvsVlans } from '../../../src/sources/ovs/config.js';
import type { FakeHost } from '../../support/host.js';
import { bridge, type Datapath, GUEST, OvsHost, ovsBond, port, vlans } from '../../support/ovs.js';

/*
 * An internal port of Open vSwitch that a bridge of the kernel has too: Proxmox's firewall, and its VNets.
 */

const { access, trunk, tunnel } = vlans;
const DATAPATHS: readonly Datapath[] = ['kernel', 'userspace'];
const KERNELS = port('bond0');
const SWITCHES = ovsBond('ovsbond', ['up1', 'up2']);

const cable = (how: OvsVlans): OvsPort => port('fwln1', how, { type: 'internal', up: false, lowerUp: false });
const vmbr0 = (uplink: OvsPort, how: OvsVlans): OvsBridge => bridge('vmbr0', [uplink, cable(how)]);

/** The guest's tap and the cable on a bridge of the kernel. */
function firewalled(bridges: OvsBridge[], datapath: Datapath, vlanFiltering = false): OvsHost {
  const attach = (kernel: FakeHost): void => {
    const fwbr = kernel.add('fwbr1', { type: 'bridge', vlanFiltering, vlanProtocol: 0x8100 });
    kernel.add('tap1', { type: 'other', kind: 'tun' }, { master: fwbr, bridgePortState: 3 });
  };
  const host = new OvsHost(bridges, { datapath, attach });
  host.change('fwln1', { master: host.kernel.index('fwbr1'), bridgePortState: 3 });
  return host;
}

for (const datapath of DATAPATHS) {
  test(`behind a firewall's bridge, datapath in ${datapath}: in the VLAN of its port of the switch, silent or not`, () => {
    const host = firewalled([vmbr0(KERNELS, access(10))], datapath);
    host.take(host.kernel.fdb(GUEST, 'tap1'));
    assert.deepEqual(host.say(), ['bond0/10']);
    host.rows('vmbr0', [GUEST, 'fwln1', 10]);
    assert.deepEqual(host.say(), ['bond0/10']);
    const [verdict] = host.state.verdicts(GUEST);
    assert.equal(host.nameOf(verdict?.device ?? null), 'tap1', 'the port nearest to the guest is the one to name');
    host.take(host.kernel.fdb(GUEST, 'tap1', { gone: true }));
    host.rows('vmbr0');
    assert.deepEqual(host.say(), ['bond0/10'], 'when both have forgotten it');
    host.take(host.kernel.remove('tap1'));
    assert.deepEqual(host.say(), []);
  });

  test(`behind a firewall's bridge, datapath in ${datapath}: over an OVS bond its frames enter by the cable`, () => {
    const host = firewalled([vmbr0(SWITCHES, access(10))], datapath);
    host.take(host.kernel.fdb(GUEST, 'tap1'));
    assert.deepEqual(host.say(), ['ovsbond/10 from fwln1']);
    const [verdict] = host.state.verdicts(GUEST);
    assert.ok((verdict?.entry?.port ?? 0) < 0, "by the switch's end of it");
    host.rows('vmbr0', [GUEST, 'fwln1', 10]);
    assert.deepEqual(host.say(), ['ovsbond/10 from fwln1']);
  });

  test(`a trunk of the switch, datapath in ${datapath}: in those of its VLANs that the guest speaks in`, () => {
    const host = firewalled([vmbr0(KERNELS, trunk(10, 20))], datapath);
    host.take(host.kernel.fdb(GUEST, 'tap1'));
    assert.deepEqual(host.say(), [], 'untagged frames are not let in');
    host.rows('vmbr0', [GUEST, 'fwln1', 10], [GUEST, 'fwln1', 20]);
    assert.deepEqual(host.say(), ['bond0/10', 'bond0/20']);
  });

  test(`a VNet, datapath in ${datapath}: in the guest's VLAN within the zone's, and in no other`, () => {
    const host = firewalled([vmbr0(KERNELS, tunnel(30, 0x8100))], datapath, true);
    const member = (name: string, vid: number, untagged: boolean): void =>
      host.take(host.kernel.setVlans(name, [{ first: vid, last: vid, untagged, pvid: untagged }]));
    member('tap1', 100, true);
    member('fwln1', 100, false);
    host.rows('vmbr0', [GUEST, 'fwln1', 30]);
    assert.deepEqual(host.say(), ['bond0/30'], 'as long as nothing else is known');
    host.take(host.kernel.fdb(GUEST, 'tap1', { vlan: 100 }));
    assert.deepEqual(host.say(), ['bond0/30/100']);
    host.take(host.kernel.fdb(GUEST, 'tap1', { vlan: 100, gone: true }));
    assert.deepEqual(host.say(), ['bond0/30/100'], 'also silent');
    host.config(vmbr0(SWITCHES, tunnel(30, 0x8100)));
    assert.deepEqual(host.say(), ['ovsbond/30/100 from fwln1/100'], 'into an OVS bond as its own frames enter');
  });
}

test('a guest is in reach as long as the cable is up, and is the bridge’s again when it is none any more', () => {
  const host = firewalled([vmbr0(KERNELS, access(10))], 'userspace');
  host.take(host.kernel.fdb(GUEST, 'tap1'));
  host.rows('vmbr0', [GUEST, 'fwln1', 10]);
  host.change('fwln1', { up: false, lowerUp: false });
  assert.deepEqual(host.say(), ['bond0/10 (uplink-down)']);
  host.change('fwln1', { up: true, lowerUp: true });
  assert.deepEqual(host.say(), ['bond0/10']);
  host.change('fwln1', { master: null, bridgePortState: null });
  host.rows('vmbr0', ['52:54:00:00:00:02', 'fwln1', 10]);
  assert.deepEqual(host.say(), []);
  assert.deepEqual(host.say('52:54:00:00:00:02'), ['bond0/10'], 'an interface of the host, as any other');
});

test('the other way round: a bridge of the kernel has the bond, and the switch the guest', () => {
  const attach = (kernel: FakeHost): void => {
    const br0 = kernel.add('br0', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
    kernel.change('bond0', { master: br0, bridgePortState: 3 });
  };
  const host = new OvsHost([bridge('inner', [cable(access(10)), port('tap1', access(10))])], { attach });
  host.change('fwln1', { master: host.kernel.index('br0'), bridgePortState: 3 });
  host.rows('inner', [GUEST, 'tap1', 10]);
  assert.deepEqual(host.say(), ['bond0']);
  host.take(host.kernel.fdb(GUEST, 'fwln1'));
  assert.deepEqual(host.say(), ['bond0']);
});
