import { test } from 'node:test';
import { Seeded } from '../support/seeded.js';
import { killAtRandom, QUICK_ROUNDS, ROUNDS } from './faults/kills.js';
import { Scene } from './faults/scene.js';

/** `make soak` does it 200 times. */
const KILLS = 10;

test('killed at any moment of a failover, the daemon loses nobody, and announces the next one as if nothing had been', async (t) => {
  const scene = await Scene.open(t, QUICK_ROUNDS, { rounds: ROUNDS });
  const counts = await killAtRandom(scene, KILLS, new Seeded());
  console.log(`killed ${JSON.stringify(counts)}; ${scene.counts.failovers} failovers after that, guests lost: 0`);
});
