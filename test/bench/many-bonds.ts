import { Daemon } from '../lab/net/daemon.js';
import { manyBonds } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { emptyStateFolder } from '../lab/net/state-folder.js';
import type { Build } from './builds.js';
import type { ManyBonds } from './results.js';
import { median } from './statistics.js';

/** How long a daemon needs to be ready on hosts with so many bonds: hosts and builds take turns. */
export async function readyTimes(
  hosts: readonly number[],
  builds: readonly Build[],
  turns: number,
): Promise<ManyBonds[]> {
  const rows = hosts.flatMap((bonds) => builds.map((build) => ({ bonds, build, times: [] as number[] })));
  for (let turn = 0; turn <= turns; turn++) {
    for (const bonds of hosts) {
      const lab = await Lab.build({ attach: manyBonds(bonds), teach: false });
      try {
        for (const { build, times } of rows.filter((row) => row.bonds === bonds)) {
          const took = await untilReady(lab, build);
          if (turn > 0) times.push(took); // in the first its files are read from the host
        }
      } finally {
        await lab.destroy();
      }
    }
  }
  return rows.map(({ bonds, build, times }) => ({
    ...{ bonds, contestant: build.name, readyMs: median(times), runs: times.length },
  }));
}

async function untilReady(lab: Lab, { program }: Build): Promise<number> {
  emptyStateFolder();
  const began = performance.now();
  const daemon = await Daemon.start(lab, [program, 'run'], { timeout: 300_000 });
  const took = performance.now() - began;
  await daemon.stop({ timeout: 120_000 });
  return took;
}
