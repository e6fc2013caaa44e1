import { test } from 'node:test';
import { Seeded } from '../support/seeded.js';
import { ROUNDS, QUICK_ROUNDS } from './faults/kills.js';
import { Scene } from './faults/scene.js';
import { soak } from './faults/soaking.js';

/** `make soak` takes ten minutes. */
const SECONDS = 12;

test('after a while of failovers, passing guests and busy clients the daemon holds what it held before', async (t) => {
  const scene = await Scene.open(t, QUICK_ROUNDS, { rounds: ROUNDS, inspected: true });
  console.log(JSON.stringify(await soak(scene, SECONDS, new Seeded())));
});
