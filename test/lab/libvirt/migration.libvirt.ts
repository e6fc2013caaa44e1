import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../../support/until.js';
import { expected } from '../net/announced.js';
import { capture } from '../net/capture.js';
import { command, ip } from '../net/ip.js';
import { nextFailover } from '../net/speaking.js';
import { nic } from './domain.js';
import { Libvirt } from './libvirtd.js';
import { buildScene, type Scene, told, untilTold } from './scene.js';

// Two hosts of real libvirt, and one story: the other has a bridge behind the second switch, and no bond.

const OTHER = 'hv2';
const GUEST = { name: 'web', mac: '52:54:00:aa:05:01', wire: [] };
const TOLD = `web ${GUEST.mac} - libvirt`;

let scene: Scene;
let other: Libvirt;
before(async () => {
  scene = await buildScene();
  const { lab } = scene;
  await command(['ip', 'netns', 'add', OTHER]);
  lab.onDestroy(async () => void (await command(['ip', 'netns', 'del', OTHER])));
  await ip('sw2', [
    `link add p-${OTHER} type veth peer name uplink netns ${OTHER}`,
    `link set p-${OTHER} master fabric up`,
  ]);
  await ip(OTHER, ['link set lo up', 'link add br0 type bridge', 'link set br0 up', 'link set uplink master br0 up']);
  other = await Libvirt.startElsewhere(lab, OTHER);
});
after(() => scene.lab.destroy());

/** Waits for what QEMU says of a guest where it goes on. */
async function settled(act: () => Promise<void>): Promise<void> {
  const far = capture(scene.lab, 'sw2', 'p-client', { filter: `rarp and ether src ${GUEST.mac}` });
  await act();
  await until(() => far.frames.length >= 5, { what: 'QEMU announces the guest', timeout: 60_000 });
  far.stop();
}

test('a guest that is started as paused is not here before it runs', async () => {
  const { libvirt } = scene;
  await libvirt.create({ name: GUEST.name, nics: [nic(GUEST.mac)] }, '--paused');
  assert.deepEqual(await told(), []);
  await libvirt.virsh('resume', GUEST.name);
  await untilTold(TOLD);
});

test('two guests with one MAC are announced as one', async () => {
  const { lab, libvirt } = scene;
  await libvirt.create({ name: 'twin', nics: [nic(GUEST.mac)] });
  await until(async () => (await libvirt.virsh('domstate', 'twin')) === 'running', { what: 'the twin runs' });
  const said = await told();
  assert.equal(said.length, 1, said.join());
  assert.match(said[0] ?? '', new RegExp(`^(?:web|twin) ${GUEST.mac} - libvirt$`));
  assert.deepEqual(await nextFailover(lab, 2), expected([GUEST, ...lab.guests]));
  await libvirt.virsh('destroy', 'twin');
  await untilTold(TOLD);
});

test('a guest that migrates away is not announced from then on', async () => {
  const { lab, libvirt } = scene;
  assert.deepEqual(await nextFailover(lab, 2), expected([GUEST, ...lab.guests]));
  await settled(() => libvirt.migrate(GUEST.name, other));
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
});

test('one that comes to stay paused is not, and is when it goes on', async () => {
  const { lab, libvirt } = scene;
  await other.migrate(GUEST.name, libvirt, '--suspend'); // QEMU says nothing of it
  assert.equal(await libvirt.virsh('domstate', GUEST.name), 'paused');
  assert.deepEqual(await told(), []);
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
  await libvirt.virsh('resume', GUEST.name);
  await untilTold(TOLD);
  // What QEMU itself may say now is the same.
  assert.deepEqual([...new Set(await nextFailover(lab, 2))], expected([GUEST, ...lab.guests]));
});

test('after post-copy it is where it runs', async () => {
  const { lab, libvirt } = scene;
  await settled(() => libvirt.migrate(GUEST.name, other, '--postcopy', '--postcopy-after-precopy'));
  await untilTold();
  assert.deepEqual(await nextFailover(lab, 1), expected(lab.guests));
});
