import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { ageOut } from '../net/ageing.js';
import { stateText } from '../net/state-folder.js';
import type { Seeded } from '../../support/seeded.js';
import type { Scene } from './scene.js';

/** Three rounds soon after each other, so that a kill may fall between them; nothing held up, nothing held back. */
export const QUICK_ROUNDS = `announce:
  kinds: [rarp]
  schedule: [0s, 0.1s, 0.25s]
  jitter: 0
  damping: {failovers: 1000}
  rate: {rarp: unlimited}
`;

export const ROUNDS = 3;

/** The last round of a failover and what is saved after it lie within this time, in ms. */
const A_FAILOVER_MS = 400;

/** While the daemon starts, in ms. */
const A_START_MS = 1500;

/** What became of the kills. */
export interface KillCounts {
  during: number;
  before: number;
  starting: number;
}

/**
 * Kills the daemon with SIGKILL at a random moment of a failover, before one that comes while none runs, or while it
 * starts; and starts it again. Then the switches know where everyone is, and the next failover announces each in each round.
 */
export async function killAtRandom(scene: Scene, times: number, chance: Seeded): Promise<KillCounts> {
  const counts: KillCounts = { during: 0, before: 0, starting: 0 };
  // Known from the daemon's memory alone, and after a kill from its file.
  await ageOut(scene.lab, ...scene.lab.guests.map(({ mac }) => mac));
  await until(() => stateText() !== '', { what: 'there is a state file' });
  for (let n = 1; n <= times; n++) {
    const kind = pick(chance);
    counts[kind]++;
    const what = `kill ${n} of ${times} (${kind})`;
    if (kind === 'before') await scene.kill();
    scene.lab.setActiveNow(scene.idleSlave);
    if (kind !== 'before') await killSoon(scene, chance.next());
    if (kind === 'starting') await scene.startAndKill(chance.below(A_START_MS));
    await scene.startAgain();
    await scene.nobodyIsLost(what);
    await scene.failsOverAsItShould(what);
  }
  return counts;
}

function pick(chance: Seeded): keyof KillCounts {
  const share = chance.next();
  if (share < 0.1) return 'starting';
  return share < 0.3 ? 'before' : 'during';
}

/** One in three in the very first moments, which the lab's clock cannot tell apart: after some turns of this process. */
async function killSoon(scene: Scene, share: number): Promise<void> {
  if (share > 1 / 3) await sleep((share - 1 / 3) * 1.5 * A_FAILOVER_MS);
  else for (const end = performance.now() + share * 6; performance.now() < end;);
  await scene.kill();
}
