import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { cure, found } from './net/doctor.js';
import { plainBridge } from './net/hypervisor.js';
import { labFor } from './net/lab.js';
import { OVS_BOND, OVS_BRIDGE, ovsBondIn } from './net/ovs-bond.js';

test("Open vSwitch's ageing, its bond's updelay, a full table: found, cured, gone; and that it cannot be read", async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  const { ovs } = await ovsBondIn(lab, [[]]);
  await ovs.vsctl('set', 'bridge', OVS_BRIDGE, 'other_config:mac-table-size=10');
  const macs = [...Array(12).keys()].map((n) => `52:54:02:00:00:${n.toString(16).padStart(2, '0')}`);
  const rows = async (): Promise<number> => (await ovs.appctl('fdb/show', OVS_BRIDGE)).trim().split('\n').length - 1;
  const full = async (): Promise<boolean> => {
    if ((await rows()) < 10) lab.speakOnce(lab.guest('g1'), ...macs);
    return (await rows()) >= 10;
  };
  await until(full, { what: 'the MAC table is full', every: 50 });
  const faults = await found(['ovs-ageing', 'ovs-bond-updelay', 'ovs-mac-table-full']);
  assert.equal(faults.get('ovs-bond-updelay')?.subject, OVS_BOND);
  assert.equal(faults.get('ovs-ageing')?.level, 'advice');
  for (const fault of faults.values()) await cure(fault);
  await found([]);
  await ovs.kill('ovsdb-server');
  assert.match((await found(['ovs-unreadable'])).get('ovs-unreadable')?.finding ?? '', /ECONN(?:REFUSED|RESET)/);
});
