import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { mustRun } from './net/ip.js';
import { labFor } from './net/lab.js';
import { netOutage } from './net/outage.js';
import { OVS_BRIDGE, ovsBondIn } from './net/ovs-bond.js';
import { Stream } from './net/stream.js';

test('a silent guest that Open vSwitch has forgotten is dark with its bond alone, and not with us', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  const { ovs, setActive, active } = await ovsBondIn(lab, [[]]);
  // The datapath in user space hands on packets whose checksum is left to the device.
  for (const client of ['client', 'client2']) {
    await mustRun(['ip', 'netns', 'exec', client, 'ethtool', '-K', 'eth0', 'tx', 'off']);
  }
  await lab.teach();
  const failOver = async (): Promise<number> => {
    const from = (await active()) === 'up1' ? 1 : 2;
    const stream = await Stream.start(lab, { from: from === 1 ? 'client' : 'client2' });
    await stream.goesOn(50);
    await ovs.appctl('fdb/flush', OVS_BRIDGE); // what was on its way when the guest spoke last has come
    await lab.cutLink(from);
    await until(async () => (await active()) !== `up${from}`, { what: 'the other member is active', every: 20 });
    await stream.goesOn(300);
    const [record] = await stream.stop();
    assert.ok(record);
    await lab.mendLink(from);
    return record.darkAtEnd ? Infinity : netOutage(record);
  };
  assert.equal(await failOver(), Infinity, 'with Open vSwitch alone');
  await lab.teach();
  await setActive('up1');
  await lab.teach();
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  lab.onDestroy(() => daemon.stop());
  await until(async () => (await runIn([BONDHERALD, 'guests', '--json'])).stdout.includes(lab.guest('g1').mac), {
    what: 'the guest is known',
  });
  const outage = await failOver();
  console.log(`outage: ${Math.round(outage)} ms`);
  assert.ok(outage < Infinity);
});
