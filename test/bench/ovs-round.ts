import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { inShort, type Pace } from './first-round.js';
import { OvsBond } from './ovs.js';
import type { FirstRound } from './results.js';
import { type Arrival, Witness } from './witness.js';

/** The first round of Open vSwitch's own bond, which announces the MACs that it has learned, after a link has failed. */
export async function ovsRounds(macs: number, { blocks, runs }: Pace): Promise<FirstRound> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    const ovs = await OvsBond.start(lab, { detect: 'carrier', macs });
    await ovs.learn(macs);
    const witness = await Witness.start(lab, macs);
    const arrivals: Arrival[] = [];
    for (let run = 0; run <= blocks * runs; run++) {
      const [from, to] = run % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const);
      await witness.clear();
      await lab.cutLink(from);
      arrivals.push(await witness.arrival(to, macs, { patience: 3000 }));
      await lab.mendLink(from);
      await ovs.untilUp(`up${from}`);
    }
    return inShort('Open vSwitch', macs, arrivals.slice(1));
  } finally {
    await lab.destroy();
  }
}
