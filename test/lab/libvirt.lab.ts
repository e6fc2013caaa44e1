import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { domainStatus } from '../support/domain-status.js';
import { until } from '../support/until.js';
import { announced, firstRound, expected, RARP_FILTER } from './net/announced.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, type Daemon, labWithDaemon, ONE_ROUND, runIn } from './net/daemon.js';
import { BOND, type Guest, HYPERVISOR, type Hypervisor, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { chatter } from './net/frames.js';
import type { Lab } from './net/lab.js';
import { SHAPES } from './net/shapes.js';

const FOLDER = '/run/libvirt/qemu';

/** What libvirt would write of a guest. */
function statusOf({ name, mac, port, device }: Guest, state: string): string {
  const type = port === null ? 'direct' : 'bridge';
  return domainStatus({ name, state, interfaces: [{ mac, target: port ?? device, type }] });
}

/** Writes a guest's status file as libvirt does: beside its place, then into it. */
function write(guest: Guest, state: string): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${guest.name}.xml.new`, statusOf(guest, state));
  renameSync(`${FOLDER}/${guest.name}.xml.new`, `${FOLDER}/${guest.name}.xml`);
}

/** Waits until the daemon counts that many guests that libvirt told it of. */
async function untilKnown(daemon: Daemon, guests: number): Promise<void> {
  const series = `bondherald_guests{bond="${BOND}",source="libvirt"}`;
  await until(async () => ((await daemon.metric(series)) ?? 0) === guests, { what: `${guests} guests of libvirt` });
}

/** Fails over to a link. @returns what was announced on it, wherever it came by the second switch */
async function failOver({ lab, daemon, far }: Scene, to: 'up1' | 'up2'): Promise<string[]> {
  const series = `bondherald_bond_failovers_total{bond="${BOND}"}`;
  const failovers = (await daemon.metric(series)) ?? 0;
  const before = far.frames.length;
  await lab.setActive(to);
  await until(async () => (await daemon.metric(series)) === failovers + 1, {
    what: `the failover to ${to} is handled`,
  });
  await far.settled();
  return announced(firstRound(far.frames.slice(before)));
}

interface Scene {
  lab: Lab;
  daemon: Daemon;
  far: Capture;
}

/** Guests that have never sent a frame, on a host whose libvirt runs nothing yet. */
async function silent(t: TestContext, attach: (hv: Hypervisor) => void): Promise<Scene> {
  const clear = (): void => rmSync('/run/libvirt', { recursive: true, force: true });
  clear();
  t.after(clear);
  const { lab, daemon } = await labWithDaemon(t, { attach, teach: false, config: ONE_ROUND });
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  assert.deepEqual(await failOver({ lab, daemon, far }, 'up2'), [], 'nobody is known');
  await failOver({ lab, daemon, far }, 'up1');
  return { lab, daemon, far };
}

test('a guest that has never sent a frame is announced because libvirt runs it; one that is paused is not', async (t) => {
  const scene = await silent(t, plainBridge(3));
  const [first, second, third] = scene.lab.guests;
  assert.ok(first && second && third);
  write(first, 'running');
  write(second, 'paused');
  write(third, 'running');
  await scene.daemon.logs(/following libvirt domains/);
  await untilKnown(scene.daemon, 2);
  assert.deepEqual(await failOver(scene, 'up2'), expected([first, third]));
  write(second, 'running');
  write(third, 'paused');
  rmSync(`${FOLDER}/${first.name}.xml`);
  await untilKnown(scene.daemon, 1);
  assert.deepEqual(await failOver(scene, 'up1'), expected([second]));
});

test('on a VLAN-aware bridge such a guest is announced in the VLAN of its port, as the uplink carries it', async (t) => {
  const scene = await silent(t, SHAPES['a VLAN-aware bridge, tagged, untagged and not a member on the bond']);
  for (const guest of scene.lab.guests) write(guest, 'running');
  await untilKnown(scene.daemon, 3);
  assert.deepEqual(await failOver(scene, 'up2'), expected(scene.lab.guests));
  const suppressed = `bondherald_guests_suppressed_total{bond="${BOND}",reason="vlan-not-on-uplink"}`;
  assert.equal(await scene.daemon.metric(suppressed), 1);
});

test('a status file that is written in two halves changes nothing until it is whole', async (t) => {
  const scene = await silent(t, plainBridge(2));
  const { daemon } = scene;
  const [first, second] = scene.lab.guests;
  assert.ok(first && second);
  write(first, 'running');
  await untilKnown(daemon, 1);
  const halves = [firstHalf(second, 'running'), firstHalf(first, 'paused')];
  for (const { name } of [first, second]) await daemon.logs(new RegExp(`keeping the last known state.*${name}\\.xml`));
  assert.deepEqual(await failOver(scene, 'up2'), expected([first]));
  halves[0]?.();
  await untilKnown(daemon, 2);
  assert.deepEqual(await failOver(scene, 'up1'), expected([first, second]));
  halves[1]?.();
  await untilKnown(daemon, 1);
  assert.deepEqual(await failOver(scene, 'up2'), expected([second]));
  assert.equal(daemon.stderr.match(/keeping the last known state/g)?.length, 2, 'each file is reported once');
});

/** Writes half a status file in its place. @returns a function that writes the rest */
function firstHalf(guest: Guest, state: string): () => void {
  const file = `${FOLDER}/${guest.name}.xml`;
  const text = statusOf(guest, state);
  writeFileSync(file, text.slice(0, text.length >> 1));
  return () => appendFileSync(file, text.slice(text.length >> 1));
}

test('a guest that libvirt runs here is announced though its MAC came by the uplink, until it is paused', async (t) => {
  const scene = await silent(t, plainBridge(2));
  const { lab, daemon } = scene;
  const [guest, other] = lab.guests;
  assert.ok(guest && other);
  for (const each of [guest, other]) write(each, 'running');
  await untilKnown(daemon, 2);
  lab.inject('client2', 'eth0', chatter(guest.mac));
  await until(async () => (await lab.learned('hv')).get(guest.mac) === BOND, {
    what: 'the bridge has it on the uplink',
  });
  assert.deepEqual(await failOver(scene, 'up2'), expected([guest, other]));
  write(guest, 'paused');
  await untilKnown(daemon, 1);
  assert.deepEqual(await failOver(scene, 'up1'), expected([other]));
});

test('a guest that has never sent a frame is announced because Proxmox VE has it on this node, and its device stands', async (t) => {
  const folder = '/etc/pve/qemu-server';
  assert.equal(existsSync('/etc/pve'), false, 'this is no node of Proxmox VE');
  t.after(() => rmSync('/etc/pve', { recursive: true }));
  mkdirSync(folder, { recursive: true });
  const scene = await silent(t, plainBridge(2));
  const [first, second] = scene.lab.guests;
  assert.ok(first?.port && second);
  await ip(HYPERVISOR, [`link set ${first.port} down`, `link set ${first.port} name tap100i0`, 'link set tap100i0 up']);
  for (const [id, { mac }] of [
    [100, first],
    [101, second],
  ] as const)
    // prettier-ignore
    writeFileSync(`${folder}/${id}.conf`, `name: g${id}\nnet0: virtio=${mac.toUpperCase()},bridge=br0\n`);
  const series = `bondherald_guests{bond="${BOND}",source="proxmox"}`;
  await until(async () => (await scene.daemon.metric(series)) === 1, { what: 'the guest is known' });
  assert.deepEqual(await failOver(scene, 'up2'), expected([first]));
  const { stdout } = await runIn([BONDHERALD, 'guests']);
  assert.match(stdout, /g100 \(100\)/);
  rmSync(`${folder}/100.conf`); // it has migrated
  await until(async () => ((await scene.daemon.metric(series)) ?? 0) === 0, { what: 'the guest is gone' });
  assert.deepEqual(await failOver(scene, 'up1'), []);
});
