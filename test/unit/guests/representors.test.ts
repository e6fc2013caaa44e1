import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridge, type Datapath, GUEST, OvsHost, port, vlans } from '../../support/ovs.js';
import type { FakeHost } from '../../support/host.js';

/*
 * The ports of a NIC's own switch: pf0vf1 hands over what a guest's virtual function sends, p0 is the plug.
 */

const REPRESENTOR = { type: 'other', kind: null, represents: 'guest' } as const;
const PLUG = { type: 'other', kind: null } as const;
/** linux/neighbour.h: NTF_OFFLOADED, NTF_EXT_LEARNED: the NIC forwards, and has learned, the MAC. */
const BY_THE_NIC = 0x04 | 0x10;

test("a bridge's port for a virtual function is a guest's, and one for a plug is not; rows of the NIC are rows", () => {
  const attach = (kernel: FakeHost): void => {
    const br0 = kernel.add('br0', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
    kernel.change('bond0', { master: br0, bridgePortState: 3 });
    kernel.add('eth0_1', REPRESENTOR, { master: br0, bridgePortState: 3 });
    kernel.add('eth1', PLUG, { master: br0, bridgePortState: 3 });
  };
  const host = new OvsHost([], { attach });
  host.take(host.kernel.fdb(GUEST, 'eth0_1', { flags: BY_THE_NIC }));
  host.take(host.kernel.fdb('52:54:00:00:00:02', 'eth1', { flags: BY_THE_NIC }));
  assert.deepEqual(host.say(), ['bond0']);
  assert.deepEqual(host.say('52:54:00:00:00:02'), []);
  host.take(host.kernel.fdb(GUEST, 'eth0_1', { gone: true }));
  assert.deepEqual(host.say(), ['bond0'], 'silent');
});

for (const datapath of ['kernel', 'userspace'] as const satisfies Datapath[]) {
  test(`the same on Open vSwitch, datapath in ${datapath}`, () => {
    const attach = (kernel: FakeHost): void => {
      kernel.add('eth0_1', REPRESENTOR);
      kernel.add('eth1', PLUG);
    };
    const host = new OvsHost([bridge('br0', [port('bond0'), port('eth0_1', vlans.access(5)), port('eth1')])], {
      datapath,
      attach,
    });
    host.rows('br0', [GUEST, 'eth0_1', 5], ['52:54:00:00:00:02', 'eth1', 5]);
    assert.deepEqual(host.say(), ['bond0/5']);
    assert.deepEqual(host.say('52:54:00:00:00:02'), []);
  });
}
