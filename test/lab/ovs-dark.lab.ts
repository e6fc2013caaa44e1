import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { mustRun } from './net/ip.js';
import { labFor } from './net/lab.js';
import { netOutage } from './net/outage.js';
import { OVS_BRIDGE, ovsBondIn } from './net/ovs-bond.js';
import { Stream } from './net/stream.js';

/** Packets, one a millisecond, by which the outage is over or lasts for ever; a busy machine makes the daemon late. */
const SOON = 300;
const LATE = 3000;

/** The lab stands still for a moment now and then; an outage that is no longer may be so much longer, in ms. */
const ROOM = 100;

test('beside an OVS bond a silent guest is dark no longer than with it alone, and not for ever when OVS forgot it', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  const { ovs, setActive, active } = await ovsBondIn(lab, [[]]);
  // The datapath in user space hands on packets whose checksum is left to the device.
  await mustRun(['ip', 'netns', 'exec', 'client', 'ethtool', '-K', 'eth0', 'tx', 'off']);
  /** Cuts the first link. @returns the outage in ms; Infinity when the guest is dark at the end */
  const outage = async (forget: boolean, atMost = SOON): Promise<number> => {
    await setActive('up1'); // before the guest speaks: its frame, back by the other link, would be learned as one from outside
    await lab.teach();
    const stream = await Stream.start(lab);
    await stream.goesOn(50);
    if (forget) await ovs.appctl('fdb/flush', OVS_BRIDGE); // what was on its way when the guest spoke last has come
    await lab.cutLink(1);
    await until(async () => (await active()) === 'up2', { what: 'the other member is active', every: 20 });
    await stream.goesOn(atMost);
    const [record] = await stream.stop();
    assert.ok(record);
    await lab.mendLink(1);
    return record.darkAtEnd ? Infinity : netOutage(record);
  };
  const alone = await outage(false);
  assert.equal(await outage(true), Infinity, 'Open vSwitch alone says nothing of one that it forgot');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  lab.onDestroy(() => daemon.stop());
  const known = await outage(false);
  const forgotten = await outage(true, LATE);
  console.log(
    `outage: ${Math.round(alone)} ms with it alone, ${Math.round(known)} ms with us too, ${Math.round(forgotten)} ms when forgotten`,
  );
  assert.ok(known <= alone + ROOM, 'no longer than with Open vSwitch alone');
  assert.ok(forgotten < Infinity);
});
