import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../../support/until.js';
import { expected } from '../net/announced.js';
import { BONDHERALD, runIn, SCRATCH } from '../net/daemon.js';
import { nextFailover } from '../net/speaking.js';
import { nic } from './domain.js';
import { STATUS_FOLDER } from './libvirtd.js';
import { sceneFor, told, untilTold } from './scene.js';

/** A guest that never speaks, and its station on the wire: it leaves untagged. */
const SILENT = { mac: '52:54:00:aa:00:01', wire: [] };

test('a guest that has never sent a frame is announced as long as it runs and is plugged in', async (t) => {
  const { lab, libvirt } = await sceneFor(t);
  const witness = lab.guests;
  const runs = `silent ${SILENT.mac} - libvirt`;
  await libvirt.create({ name: 'silent', nics: [nic(SILENT.mac)] });
  await untilTold(runs);
  assert.deepEqual(await nextFailover(lab, 2), expected([SILENT, ...witness]));

  await libvirt.virsh('suspend', 'silent');
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(witness), 'paused');
  await libvirt.virsh('resume', 'silent');
  await untilTold(runs);
  assert.deepEqual(await nextFailover(lab, 2), expected([SILENT, ...witness]));

  await libvirt.virsh('domif-setlink', 'silent', SILENT.mac, 'down');
  await untilTold();
  await libvirt.virsh('domif-setlink', 'silent', SILENT.mac, 'up');
  await untilTold(runs);

  for (const [word, ...then] of [['stop'], ['cont', runs]]) {
    await libvirt.virsh('qemu-monitor-command', 'silent', '--hmp', String(word));
    await untilTold(...then); // behind libvirt's back
  }

  await libvirt.virsh('destroy', 'silent');
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(witness), 'ended');
});

const FIRST = { mac: '52:54:00:aa:00:02', wire: [] };
const SECOND = { mac: '52:54:00:aa:00:03', wire: [] };

test('an interface that is plugged into a running guest is announced until the guest has given it back', async (t) => {
  const { lab, libvirt } = await sceneFor(t);
  const [first, second] = [FIRST, SECOND].map(({ mac }) => `plugged ${mac} - libvirt`) as [string, string];
  await libvirt.create({ name: 'plugged', nics: [nic(FIRST.mac)] });
  await untilTold(first);
  await libvirt.plug('attach', 'plugged', nic(SECOND.mac));
  await untilTold(first, second);
  assert.deepEqual(await nextFailover(lab, 3), expected([FIRST, SECOND, ...lab.guests]));

  await libvirt.plug('detach', 'plugged', nic(SECOND.mac)); // nobody in the guest hears that
  await untilTold(first, second);
  assert.deepEqual(await nextFailover(lab, 3), expected([FIRST, SECOND, ...lab.guests]), 'not given back yet');
  await libvirt.virsh('reset', 'plugged'); // which gives it back
  await untilTold(first);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
});

test('a guest stays known while libvirt is stopped, killed and started again, and goes with its QEMU', async (t) => {
  const { lab, libvirt } = await sceneFor(t);
  const [stays, dies] = [`stays ${FIRST.mac} - libvirt`, `dies ${SECOND.mac} - libvirt`] as const;
  await libvirt.create({ name: 'stays', nics: [nic(FIRST.mac)] });
  await libvirt.create({ name: 'dies', nics: [nic(SECOND.mac)] });
  await untilTold(stays, dies);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await libvirt.kill(signal);
    assert.deepEqual(await nextFailover(lab, 3), expected([FIRST, SECOND, ...lab.guests]), signal);
    assert.deepEqual(await told(), [dies, stays]);
    await libvirt.restart();
    assert.deepEqual(await told(), [dies, stays]);
  }

  await libvirt.killQemu('dies');
  await untilTold(stays);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));

  await libvirt.kill('SIGTERM');
  await libvirt.killQemu('stays');
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests), 'its status file is still there');
  assert.ok(existsSync(`${STATUS_FOLDER}/stays.xml`));
  await libvirt.restart();
  await until(() => !existsSync(`${STATUS_FOLDER}/stays.xml`), { what: 'libvirt takes its status file away' });
  assert.deepEqual(await told(), []);
});

test('a guest that is saved is not here, and is when it is restored', async (t) => {
  const { lab, libvirt } = await sceneFor(t);
  const file = `${SCRATCH}/saved`;
  const runs = `saved ${FIRST.mac} - libvirt`;
  await libvirt.define({ name: 'saved', nics: [nic(FIRST.mac)] });
  assert.deepEqual(await told(), [], 'defined');
  await libvirt.virsh('start', 'saved');
  await untilTold(runs);
  await libvirt.virsh('save', 'saved', file);
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  await libvirt.virsh('restore', file);
  await untilTold(runs);
  await libvirt.virsh('managedsave', 'saved');
  await untilTold();
  await libvirt.virsh('start', 'saved');
  await untilTold(runs);
  assert.deepEqual(await nextFailover(lab, 2), expected([FIRST, ...lab.guests]));
});

/** Names that libvirt takes. */
const NAMES = ['a <b> & "c"', "d'e", '.hidden', 'ünïcödé 名', '%s\t$(x)', 'x.xml', 'y.xml.new'];

test('guests are told by their names, whatever these are', async (t) => {
  const { lab, libvirt } = await sceneFor(t);
  const guests = NAMES.map((name, n) => ({ name, mac: `52:54:00:aa:01:0${n}`, wire: [] }));
  for (const { name, mac } of guests) await libvirt.create({ name, nics: [nic(mac)] });
  await untilTold(...guests.map(({ name, mac }) => `${name} ${mac} - libvirt`));
  assert.deepEqual(await nextFailover(lab, guests.length + 1), expected([...guests, ...lab.guests]));
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as {
    bonds: { guests: { guest: string | null; mac: string; port: string }[] }[];
  };
  const listed = (bonds[0]?.guests ?? []).filter(({ guest }) => guest !== null);
  assert.deepEqual(
    listed.map(({ guest, mac }) => [guest, mac]),
    guests.map(({ name, mac }) => [name, mac]),
  );
  assert.equal(listed[0]?.port, await libvirt.device(NAMES[0] ?? ''));
});
