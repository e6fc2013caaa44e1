import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { until } from '../../support/until.js';
import { expected } from '../net/announced.js';
import { capture } from '../net/capture.js';
import { BONDHERALD, runIn, SCRATCH } from '../net/daemon.js';
import type { Lab } from '../net/lab.js';
import { nextFailover } from '../net/speaking.js';
import { nic } from './domain.js';
import { STATUS_FOLDER } from './libvirtd.js';
import { buildScene, type Scene, told, untilTold } from './scene.js';

// The tests of this file are one story, in this order: where each system call costs much, a QEMU takes its time to start.

/**
 * A guest that never sends a frame, and a second interface of it. libvirt takes the first 20 bytes of its name for a
 * folder, and QEMU no half character: no longer one may be at the 20th.
 */
const NAME = `ünï 名 <b> & "c" d'e %s$(x).xml.new`;
const FIRST = { mac: '52:54:00:aa:00:01', wire: [] };
const SECOND = { mac: '52:54:00:aa:00:02', wire: [] };
const [FIRST_TOLD, SECOND_TOLD] = [`${NAME} ${FIRST.mac} - libvirt`, `${NAME} ${SECOND.mac} - libvirt`] as const;

/** Another, which is known to libvirt when it does not run. */
const HIDDEN = { name: '.hidden', mac: '52:54:00:aa:00:03', wire: [] };
const HIDDEN_TOLD = `.hidden ${HIDDEN.mac} - libvirt`;

let scene: Scene;
before(async () => void (scene = await buildScene()));
after(() => scene.lab.destroy());

test('a guest that has never sent a frame is announced as soon as it runs, and told by its name', async () => {
  const { lab, libvirt } = scene;
  assert.deepEqual(await told(), []);
  await libvirt.create({ name: NAME, nics: [nic(FIRST.mac)] });
  await untilTold(FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as { bonds: { guests: Record<string, unknown>[] }[] };
  const [guest] = bonds.flatMap(({ guests }) => guests).filter(({ mac }) => mac === FIRST.mac);
  const port = await libvirt.device(NAME);
  const says = { guest: NAME, port, vlan: null, source: 'libvirt', announced: true, reason: null };
  assert.deepEqual({ ...guest, ...says }, guest);
});

test('it is not while it is paused, by libvirt or behind its back', async () => {
  const { lab, libvirt } = scene;
  await libvirt.virsh('suspend', NAME);
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  await libvirt.virsh('resume', NAME);
  await untilTold(FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
  await libvirt.virsh('qemu-monitor-command', NAME, '--hmp', 'stop');
  await untilTold();
  await libvirt.virsh('qemu-monitor-command', NAME, '--hmp', 'cont');
  await untilTold(FIRST_TOLD);
});

test('nor while its cable is out', async () => {
  const { lab, libvirt } = scene;
  await libvirt.virsh('domif-setlink', NAME, FIRST.mac, 'down');
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  await libvirt.virsh('domif-setlink', NAME, FIRST.mac, 'up');
  await untilTold(FIRST_TOLD);
});

test('an interface that is plugged in is announced until the guest has given it back', async () => {
  const { lab, libvirt } = scene;
  await libvirt.plug('attach', NAME, nic(SECOND.mac));
  await untilTold(FIRST_TOLD, SECOND_TOLD);
  assert.deepEqual(await nextFailover(lab, 3), expected([FIRST, SECOND, ...lab.guests]));
  await libvirt.plug('detach', NAME, nic(SECOND.mac)); // nobody in the guest hears that
  assert.deepEqual(await nextFailover(lab, 3), expected([FIRST, SECOND, ...lab.guests]), 'not given back yet');
  assert.deepEqual(await told(), [FIRST_TOLD, SECOND_TOLD]);
  await libvirt.virsh('reset', NAME); // which gives it back
  await untilTold(FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
});

/** QEMU announces a guest that comes from elsewhere, or from a file, by so many RARP frames (QMP: announce-rounds). */
const ROUNDS = 5;

/** Has a guest restored, and waits until its QEMU has announced it. */
async function restored(lab: Lab, { mac }: { readonly mac: string }, restore: () => Promise<unknown>): Promise<void> {
  const far = capture(lab, 'sw2', 'p-hv', { filter: `rarp and ether src ${mac}` });
  await restore();
  await until(() => far.frames.length >= ROUNDS, { what: `QEMU announces ${mac}` });
  far.stop();
}

test('a guest that is saved is not here, and is when it is restored', async () => {
  const { lab, libvirt } = scene;
  const file = `${SCRATCH}/saved`;
  await libvirt.virsh('save', NAME, file);
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  await restored(lab, FIRST, () => libvirt.virsh('restore', file));
  await untilTold(FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
});

test('one that libvirt saves by itself is here from its start on', async () => {
  const { lab, libvirt } = scene;
  await libvirt.define({ name: HIDDEN.name, nics: [nic(HIDDEN.mac)] });
  assert.deepEqual(await told(), [FIRST_TOLD], 'it does not run');
  await libvirt.virsh('start', HIDDEN.name);
  await untilTold(HIDDEN_TOLD, FIRST_TOLD);
  await libvirt.virsh('managedsave', HIDDEN.name);
  await untilTold(FIRST_TOLD);
  await restored(lab, HIDDEN, () => libvirt.virsh('start', HIDDEN.name));
  await untilTold(HIDDEN_TOLD, FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 3), expected([HIDDEN, FIRST, ...lab.guests]));
});

test('guests stay known while libvirt is stopped, killed and started again', async () => {
  const { lab, libvirt } = scene;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await libvirt.kill(signal);
    assert.deepEqual(await nextFailover(lab, 3), expected([HIDDEN, FIRST, ...lab.guests]), signal);
    await libvirt.restart();
    assert.deepEqual(await told(), [HIDDEN_TOLD, FIRST_TOLD]);
  }
});

test('a guest goes with its QEMU, also while libvirt is not there to notice', async () => {
  const { lab, libvirt } = scene;
  await libvirt.killQemu(HIDDEN.name);
  await untilTold(FIRST_TOLD);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
  await libvirt.kill('SIGTERM');
  await libvirt.killQemu(NAME);
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  const file = `${STATUS_FOLDER}/${NAME}.xml`;
  assert.ok(existsSync(file), 'nobody has taken it away');
  await libvirt.restart();
  await until(() => !existsSync(file), { what: 'libvirt takes the status file away' });
  assert.deepEqual(await told(), []);
});
