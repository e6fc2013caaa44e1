import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { attribute, ifinfomsg, message, nested, text, u8 } from '../../support/netlink.js';
import { GUEST, Story } from '../../support/story.js';

const [RTM_NEWLINK, AF_BRIDGE] = [16, 7];
const [IFLA_IFNAME, IFLA_PROTINFO, IFLA_AF_SPEC, NESTED] = [3, 12, 26, 0x8000];
const [IFLA_BRIDGE_FLAGS, IFLA_BRIDGE_MODE] = [0, 1];

const u16 = (type: number, value: number): Buffer => attribute(type, Buffer.of(value & 0xff, value >> 8));

/** What ndo_dflt_bridge_getlink (net/core/rtnetlink.c) sends behind the bridge's own message of the same device. */
function ofDriver(ifindex: number, name: string, mode: number): Buffer {
  return message(
    { type: RTM_NEWLINK },
    ifinfomsg(ifindex, 0x11043, AF_BRIDGE),
    text(IFLA_IFNAME, name),
    nested(IFLA_AF_SPEC, u16(IFLA_BRIDGE_FLAGS, 2), u16(IFLA_BRIDGE_MODE, mode)),
    nested(IFLA_PROTINFO | NESTED, ...[8, 9, 27].map((type) => u8(type, 0))), // learning, flooding, multicast flooding
  );
}

function aware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
}

test('what the driver of a NIC says of the switch inside of it takes no VLAN from a port of the bridge', () => {
  for (const port of [BOND, 'tap1']) {
    for (const mode of [0, 1]) {
      const story = new Story(aware);
      story.learned('tap1', 10);
      story.agedOut('tap1', 10);
      const events = decodeDatagram(ofDriver(story.host.index(port), port, mode));
      assert.deepEqual(events, []);
      story.take(...events);
      assert.equal(story.verdict, null, `${port}, mode ${mode}`);
      const [verdict] = story.state.verdicts(GUEST);
      assert.deepEqual(
        verdict?.tags.map(({ vid }) => vid),
        [10],
      );
    }
  }
});

test('a port that only its driver tells of is none, and goes with the next dump', () => {
  const story = new Story(aware);
  story.learned('tap1', 10);
  story.state.startDump();
  const ifindex = story.host.index(BOND);
  for (const event of story.host.dump())
    if (event.type !== 'bridgePort' || event.ifindex !== ifindex) story.take(event);
    else story.take(...decodeDatagram(ofDriver(ifindex, BOND, 0)));
  story.state.finishDump(0);
  assert.equal(story.state.topology.port(ifindex)?.vlans.length, undefined);
});
