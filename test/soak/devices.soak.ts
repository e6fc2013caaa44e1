import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import assert from 'node:assert/strict';
import { comeAndGo, DEVICES_A_SET } from '../lab/faults/devices.js';
import { Scene } from '../lab/faults/scene.js';
import { descriptorsOf, inWords, vitalsOf } from '../lab/faults/vitals.js';
import { ONE_BURST } from '../lab/net/daemon.js';
import { figures } from './figures.js';

const DEVICES = Number(process.env.DEVICES ?? 10_000);

/** In MiB. */
const MEMORY_SLACK = 40;

test(`${DEVICES} bonds, slaves, VLANs and bridges come and go under load`, async (t) => {
  const scene = await Scene.open(t, ONE_BURST);
  const { daemon, lab } = scene;
  await scene.failsOverAsItShould('at first');
  const before = vitalsOf(daemon.pid);
  const held = descriptorsOf(daemon.pid);
  let most = 0;
  await comeAndGo(DEVICES / DEVICES_A_SET, async (done) => {
    lab.setActiveNow(scene.idleSlave);
    await daemon.get();
    most = Math.max(most, vitalsOf(daemon.pid).memory);
    if (done % 250 !== 0) return;
    await scene.tableIsTheKernels(`after ${done}`);
    await scene.nobodyIsLost(`after ${done}`);
  });
  await scene.tableIsTheKernels('in the end');
  await scene.failsOverAsItShould('in the end');
  await sleep(2000);
  const after = vitalsOf(daemon.pid);
  assert.deepEqual(descriptorsOf(daemon.pid), held, 'the descriptors are the same');
  assert.ok(after.memory <= before.memory + MEMORY_SLACK, `${inWords(after)}; before: ${inWords(before)}`);
  figures('devices', {
    'bonds, slaves, VLANs and bridges made and removed': DEVICES,
    'failovers meanwhile': DEVICES / DEVICES_A_SET / 25,
    'guests lost': 0,
    'held before': inWords(before),
    'held at the end': `${inWords(after)}; ${most.toFixed(0)} MiB at most meanwhile`,
  });
});
