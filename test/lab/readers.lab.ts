import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runIn } from './net/daemon.js';
import { BOND, type Hypervisor } from './net/hypervisor.js';
import { bridge, ip } from './net/ip.js';
import { labFor } from './net/lab.js';
import { readWithIproute2 } from './readers/iproute2.js';
import type { Tables } from './readers/tables.js';

/** One of each kind of device and row. */
function everything(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10, 20] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { wire: [] });
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] });
  hv.macvlan(hv.vlan(BOND, 30), { type: 'macvtap', wire: [30] });
}

async function readWith(reader: string): Promise<Tables> {
  const file = fileURLToPath(new URL(`./readers/${reader}.js`, import.meta.url));
  const { code, stdout, stderr } = await runIn([process.execPath, file]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Tables;
}

test('devices, forwarding database and neighbours are read as iproute2 and node-netlink read them', async (t) => {
  await labFor(t, { attach: everything });
  await bridge('hv', ['fdb add 52:54:00:00:aa:01 dev tap1 master static vlan 10']);
  await runIn(['sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/br905/disable_ipv6']);
  await ip('hv', [
    'addr add 192.0.2.1/24 dev br905',
    'neigh add 192.0.2.7 lladdr 52:54:00:00:aa:02 dev br905 nud permanent',
    'neigh add 2001:db8::7:0:0:1 lladdr 52:54:00:00:aa:03 dev br905 nud reachable',
    'neigh add 192.0.2.8 dev br905 nud incomplete',
  ]);
  const ours = await readWith('ours');
  assert.deepEqual(ours, await readWithIproute2('hv'), 'as iproute2 reads them');
  assert.deepEqual(ours, await readWith('node-netlink'), 'as node-netlink reads them');
  assert.ok(ours.links.length >= 12 && ours.fdb.length >= 10 && ours.neighbours.length >= 3, 'nothing is left out');
});
