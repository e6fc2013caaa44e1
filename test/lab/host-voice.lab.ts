import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { FarSide } from './net/attacks.js';
import { labWithDaemon, ONE_BURST, runIn, SCRATCH } from './net/daemon.js';
import { type Guest, type Hypervisor, HYPERVISOR, ownBridge, plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { Stream } from './net/stream.js';
import { named, untilAddresses } from './net/words.js';

/*
 * By which of its own devices the host itself speaks to the network, and by which it does not.
 */

/** Switches IPv6 on for a device. @returns the address that the kernel gives it, once it is usable */
async function linkLocalOf(device: string): Promise<string> {
  const on = `echo 0 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6`;
  assert.equal((await runIn(['sh', '-c', on])).code, 0);
  const look = async (): Promise<string | undefined> => {
    const [link] = (await json('ip', HYPERVISOR, '-6', 'addr', 'show', 'dev', device, 'scope', 'link')) as {
      addr_info?: { local: string; tentative?: boolean }[];
    }[];
    return link?.addr_info?.find(({ tentative }) => !tentative)?.local;
  };
  return (await until(look, { what: `the kernel gives ${device} an address`, every: 50 })) ?? '';
}

/** A guest behind a bridge of its own, as with Proxmox's firewall; the host has an address on the bridge of the bond. */
function proxmox(hv: Hypervisor): void {
  ownBridge(hv);
  hv.guest('br0');
  hv.ip('addr add 192.0.2.10/24 dev br0');
}

test("a guest's own bridge, with nothing but a link-local address, is not announced as the host; the host is", async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: proxmox, config: ONE_BURST });
  const [guest, witness] = lab.guests as [Guest, Guest];
  await linkLocalOf('qbr');
  await until(async () => (await lab.learned(HYPERVISOR)).get(await lab.macOf('qbr')) === 'qvo', {
    what: 'the bridge on the bond has learned the other one',
  });
  const local = named(await linkLocalOf('br0'));
  const host = await lab.macOf('br0');
  await untilAddresses(host, ['192.0.2.10', local]);
  const rarps = [guest.mac, witness.mac, host].map((mac) => `rarp ${mac} []`);
  const said = [...rarps, `garp ${host} 192.0.2.10 []`, `na ${host} ${local} - []`].sort();
  const words = await new FarSide(lab, daemon, witness).failover();
  // The kernel may solicit routers meanwhile.
  assert.deepEqual(
    words.filter((word) => !word.startsWith('other')),
    said,
  );
});

const ROUTER = '00:00:5e:00:01:33';

/** keepalived with use_vmac, while this host is the master. The router is the first of the guests, for the lab's streams. */
function virtualRouter(hv: Hypervisor): void {
  plainBridge(1)(hv);
  hv.ip(`link add link br0 name vrrp.51 address ${ROUTER} type macvlan mode private`);
  hv.guests.unshift({
    name: 'router',
    mac: ROUTER,
    netns: HYPERVISOR,
    device: 'vrrp.51',
    port: null,
    wire: [],
    ip: '',
  });
}

/** Changes the daemon's file, and has it read. */
async function reload(
  lab: Lab,
  daemon: { signal: (name: 'SIGHUP') => void; logs: (pattern: RegExp) => Promise<unknown> },
  text: string,
): Promise<void> {
  writeFileSync(path.join(SCRATCH, 'config.yaml'), text);
  daemon.signal('SIGHUP');
  await daemon.logs(/configuration reloaded changed/);
}

test('a virtual router of which this host is the master stays reachable; the backup is announced by no setting', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: virtualRouter, config: ONE_BURST });
  const [router, witness] = lab.guests as [Guest, Guest];
  const far = new FarSide(lab, daemon, witness);
  const stream = await Stream.start(lab, { guests: [router] });
  const master = [`rarp ${ROUTER} []`, `garp ${ROUTER} ${router.ip} []`];
  const rarp = `rarp ${witness.mac} []`;
  assert.deepEqual(await far.failover(), [...master, rarp].sort());
  await stream.arrivesAgain();
  await stream.stop();
  await ip(HYPERVISOR, [`addr del ${router.ip}/32 dev ${router.device}`]);
  assert.deepEqual(await far.failover(), [rarp], 'another router is the master now');
  await reload(lab, daemon, `${ONE_BURST}\nguests: {virtualRouterMacs: true}`);
  assert.deepEqual(await far.failover(), [rarp], 'nor if the MACs of virtual routers are announced');
  await ip(HYPERVISOR, [`addr add ${router.ip}/32 dev ${router.device}`]);
  assert.deepEqual(await far.failover(), [...master, rarp].sort(), 'this host is the master again');
});
