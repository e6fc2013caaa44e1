import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { announced, expected, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, writeConfig } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { labFor } from './net/lab.js';
import { OVS_BOND, ovsBondIn } from './net/ovs-bond.js';
import { listed } from './net/listed-guests.js';
import { type Station, untilHeard } from './net/speaking.js';

test('a guest of a dot1q-tunnel port leaves by a bond of Open vSwitch with both of its tags, as it was heard', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const { ovs, setActive } = await ovsBondIn(lab, [['vlan_mode=dot1q-tunnel', 'tag=100', 'cvlans=5,6']]);
  await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:vlan-limit=2');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  const { mac, netns, device } = lab.guest('g1');
  const inner = { vid: 5, tpid: 0x8100 };
  const station: Station = { mac, wire: [{ vid: 100, tpid: 0x88a8 }, inner] };
  await untilHeard(lab, station, { netns, device, tags: [inner] });
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  await setActive('up2');
  const [both = ''] = expected([station]);
  await until(() => announced(far.frames).includes(both), { what: `${both} on the far side`, every: 20 }).catch(
    (error: Error) => assert.fail(`${error.message}: ${announced(far.frames).join()}`),
  );
  const speaking = (await listed()).filter(({ source }) => source === 'heard');
  assert.deepEqual(speaking, [{ mac, vlan: 100, source: 'heard', reason: null }], OVS_BOND);
  await daemon.stop();
});
