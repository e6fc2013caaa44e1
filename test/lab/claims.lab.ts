import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { domainStatus } from '../support/domain-status.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { FarSide } from './net/attacks.js';
import { capture } from './net/capture.js';
import { BONDHERALD, type Daemon, labWithDaemon, ONE_BURST, runIn, SCRATCH } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { named, untilAddresses } from './net/words.js';

/*
 * What is no proof that a MAC is here, and what is no claim of an address.
 */

const OUTSIDE = '52:54:00:aa:00:01';
const ROUTER = named('fe80::1');
const rarp = ({ mac, wire }: Guest): string => `rarp ${mac} [${wire?.map(({ vid }) => vid).join(' ') ?? ''}]`;

interface Scene {
  lab: Lab;
  daemon: Daemon;
  far: FarSide;
}

/** A lab whose last guest is the witness of its far side. */
async function scene(t: TestContext, attach: (hv: Hypervisor) => void): Promise<Scene> {
  const { lab, daemon } = await labWithDaemon(t, { attach, config: ONE_BURST });
  const witness = lab.guests.at(-1);
  assert.ok(witness);
  return { lab, daemon, far: new FarSide(lab, daemon, witness) };
}

/** A station outside uses the MAC of a guest, until the bridge, or the daemon where there is none, has heard it. */
async function runsElsewhere({ lab, far }: Scene, { mac, port, wire }: Guest): Promise<void> {
  const heard = async (): Promise<boolean> =>
    port === null ? !(await far.announces(mac)) : (await lab.learned('hv')).get(mac) === BOND;
  await until(() => (lab.inject('client', 'eth0', say.rarp({ src: mac, tags: wire ?? [] })), heard()), {
    what: `${mac} is outside`,
  });
}

/** MLDv2 report (RFC 3810 section 5.2) behind the router alert (RFC 2711), as a kernel sends it at once. */
function mldReport(src: string): Buffer {
  const alert = '3a00050200000100';
  const report = `8f000000${'00000001'}04000000${say.v6('ff02::1:ff00:1')}`;
  const packet = `60000000${(alert.length / 2 + report.length / 2).toString(16).padStart(4, '0')}0001`;
  return say.ethernet(
    { src, dst: '33:33:00:00:00:16' },
    0x86dd,
    packet + say.v6('::') + say.v6('ff02::16') + alert + report,
  );
}

test('what a kernel says when a device comes up takes no guest back that runs elsewhere; its own frame does', async (t) => {
  const all = await scene(t, plainBridge(3));
  const { lab, far } = all;
  const [stays, wanderer] = lab.guests;
  assert.ok(stays && wanderer);
  await runsElsewhere(all, wanderer);
  assert.ok(!(await far.failover()).includes(rarp(wanderer)), 'while it is away');
  const src = { src: wanderer.mac };
  const probes = [
    say.ns(src, { from: '::', target: 'fe80::1', lla: null }),
    mldReport(wanderer.mac),
    say.rs(src, { from: 'fe80::1' }),
    say.arp(src, { spa: '0.0.0.0', tpa: '192.0.2.1' }),
    say.dhcp(src, { type: 1, from: '0.0.0.0' }),
  ];
  await far.after([wanderer, ...probes]);
  const words = await far.failover();
  assert.ok(words.includes(rarp(stays)));
  assert.ok(!words.includes(rarp(wanderer)), 'it only looked as if it were back');
  await far.after([wanderer, say.arp(src, { spa: '192.0.2.1', tpa: '192.0.2.254' })]);
  assert.ok((await far.failover()).includes(rarp(wanderer)), 'it is back');
});

/** A guest on a macvtap in VLAN 905, beside a bridge with the witness. */
function macvtap(hv: Hypervisor): void {
  hv.macvlan(hv.vlan(BOND, 905), { type: 'macvtap', wire: [905] });
  plainBridge(1)(hv);
}

test('nor does the host itself, when it sets a macvtap of that MAC up', async (t) => {
  const all = await scene(t, macvtap);
  const { lab, far } = all;
  const [tap] = lab.guests;
  assert.ok(tap);
  await runsElsewhere(all, tap);
  const said = capture(lab, HYPERVISOR, `${BOND}.905`, { filter: `ether src ${tap.mac} and ip6` });
  const on = `echo 0 > /proc/sys/net/ipv6/conf/${tap.device}/disable_ipv6`;
  assert.equal((await runIn(['sh', '-c', on])).code, 0);
  await ip(HYPERVISOR, [`link set ${tap.device} down`, `link set ${tap.device} up`]);
  // Its probe, and when that is through, its solicitation of routers.
  const hasSaid = (type: number): boolean => said.frames.some(({ bytes }) => bytes[20] === 58 && bytes[54] === type);
  await until(() => hasSaid(135) && hasSaid(133), { what: 'the kernel probes and solicits' });
  // At the failover it advertises itself again.
  for (const nth of ['first', 'second'])
    assert.ok(!(await far.failover()).includes(rarp(tap)), `at the ${nth} failover`);
  const guest = await openTap(tap);
  guest.send(say.arp({ src: tap.mac }, { spa: '192.0.2.1', tpa: '192.0.2.254' }));
  await until(() => far.announces(tap.mac), { what: 'it is back' });
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; subject: string }[] };
  assert.equal(findings.find(({ id }) => id === 'macvtap-ipv6')?.subject, tap.device);
  // Its kernel's solicitations do not make a host of the guest, who may be a router.
  const about = `na ${tap.mac} ${ROUTER}`;
  const nas = async (): Promise<string[]> => (await far.failover()).filter((word) => word.startsWith(about));
  guest.send(say.ns({ src: tap.mac }, { from: ROUTER, target: 'fe80::fe' }));
  await untilAddresses(tap.mac, ['192.0.2.1', ROUTER]);
  assert.deepEqual(await nas(), [], 'nobody knows whether it is a router');
  guest.send(say.ra({ src: tap.mac }, { from: ROUTER }));
  assert.deepEqual(await nas(), [`${about} R [905]`], 'it is one');
  guest.close();
});

/** The end of a macvtap that a virtual machine has: what is written there is a header of virtio, and a frame. */
async function openTap({ device }: Guest): Promise<{ send: (frame: Buffer) => void; close: () => void }> {
  const node = `${SCRATCH}/${device}`;
  const make = `mkdir -p ${SCRATCH}; mknod ${node} c $(cat /sys/class/net/${device}/tap*/dev | tr : ' ')`;
  const { code, stderr } = await runIn(['sh', '-c', make]);
  assert.equal(code, 0, stderr);
  const fd = inNetns(HYPERVISOR, () => openSync(node, 'r+'));
  return { send: (frame) => void writeSync(fd, Buffer.concat([Buffer.alloc(10), frame])), close: () => closeSync(fd) };
}

const FOLDER = '/run/libvirt/qemu';

/** Writes a guest's status file as libvirt does: beside its place, then into it. */
function write({ name, mac, port, device }: Guest, state: string): void {
  mkdirSync(FOLDER, { recursive: true });
  const type = port === null ? 'direct' : 'bridge';
  writeFileSync(
    `${FOLDER}/${name}.xml.new`,
    domainStatus({ name, state, interfaces: [{ mac, target: port ?? device, type }] }),
  );
  renameSync(`${FOLDER}/${name}.xml.new`, `${FOLDER}/${name}.xml`);
}

test('no frame takes a guest back while libvirt has it paused at that port; a newcomer there is not announced either', async (t) => {
  const clear = (): void => rmSync('/run/libvirt', { recursive: true, force: true });
  clear();
  t.after(clear);
  const all = await scene(t, plainBridge(3));
  const { lab, daemon, far } = all;
  const [moved, stays] = lab.guests;
  assert.ok(moved && stays);
  const newcomer: Guest = { ...stays, name: 'new', mac: '52:54:00:00:09:09' };
  await runsElsewhere(all, moved);
  for (const each of [moved, newcomer]) write(each, 'paused');
  await daemon.logs(/following libvirt domains/);
  const claim = (guest: Guest): readonly [Guest, Buffer] => [
    guest,
    say.arp({ src: guest.mac }, { spa: '192.0.2.1', tpa: '192.0.2.254' }),
  ];
  write(stays, 'running');
  await until(async () => ((await daemon.metric(`bondherald_guests{bond="${BOND}",source="libvirt"}`)) ?? 0) === 1, {
    what: 'the files are read',
  });
  await far.after(claim(moved)); // the bridge may tell of it later than its frame is heard
  await far.after(claim(moved), [newcomer, mldReport(newcomer.mac), say.rarp({ src: stays.mac })]);
  const words = await far.failover();
  assert.ok(words.includes(rarp(stays)));
  assert.ok(!words.includes(rarp(moved)), 'it is paused here, and runs elsewhere');
  assert.ok(!words.includes(rarp(newcomer)), 'it is paused here, and has not run yet');
  const { stdout } = await runIn(['sh', '-c', `bin/bondherald guests | grep ${newcomer.mac}`]);
  assert.match(stdout, /no: paused/);
  for (const each of [moved, newcomer]) write(each, 'running');
  for (const { mac } of [moved, newcomer]) await until(() => far.announces(mac), { what: `${mac} runs` });
});

test('a proxy that answers for a guest neither gets its address, nor takes it from the guest', async (t) => {
  const all = await scene(t, (hv) => {
    plainBridge(2)(hv);
    hv.ip('addr add 192.0.2.200/24 dev br0');
  });
  const { lab, far } = all;
  const [owner] = lab.guests;
  assert.ok(owner);
  const host = await lab.macOf('br0');
  const settings = ['conf/br0/forwarding 1', 'conf/br0/proxy_arp_pvlan 1', 'neigh/br0/proxy_delay 0'].map((each) => {
    const [name, value] = each.split(' ');
    return `echo ${value} > /proc/sys/net/ipv4/${name}`;
  });
  assert.equal((await runIn(['sh', '-c', settings.join(' && ')])).code, 0);
  lab.inject(owner.netns, owner.device, say.arp({ src: owner.mac }, { spa: '192.0.2.1', tpa: '192.0.2.1' }));
  await untilAddresses(owner.mac, ['192.0.2.1']);
  const answers = capture(lab, 'client', 'eth0', { filter: `arp[6:2] == 2 and ether src ${host}` });
  const ask = (tpa: string): void =>
    lab.inject('client', 'eth0', say.arp({ src: OUTSIDE }, { spa: '192.0.2.77', tpa }));
  for (const tpa of ['192.0.2.1', '192.0.2.2', '192.0.2.200']) ask(tpa);
  await until(() => answers.frames.length >= 3, { what: 'the proxy answers' });
  const words = (await far.failover()).filter((word) => word.startsWith('garp'));
  assert.deepEqual(words, [`garp ${owner.mac} 192.0.2.1 []`, `garp ${host} 192.0.2.200 []`].sort());
});
