import { setTimeout as sleep } from 'node:timers/promises';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import type { Disturbance } from './disturbances.js';
import { startHerald } from './herald.js';
import { addGuests } from './macs.js';
import type { Disturbed } from './results.js';
import { spread } from './statistics.js';
import { Witness } from './witness.js';

const GUESTS = 1000;
const WARM_UPS = 3;

/** How soon the first frame leaves while the daemon is kept busy. */
export async function disturbed(disturbance: Disturbance, switches: number): Promise<Disturbed> {
  const lab = await Lab.build({ attach: plainBridge(2), teach: false });
  try {
    await addGuests(GUESTS);
    const witness = await Witness.start(lab, GUESTS);
    const daemon = await startHerald(lab, GUESTS, { nodeFlags: disturbance.nodeFlags ?? [] });
    const running = await disturbance.start(lab);
    await sleep(500);
    const outside: number[] = [];
    for (let n = 0; n < switches + WARM_UPS; n++) {
      await running.due();
      const { sinceActive } = await witness.arrival(await witness.switchOver(), GUESTS);
      if (sinceActive !== null && n >= WARM_UPS) outside.push(sinceActive);
    }
    const strength = await running.stop();
    const logged = [...daemon.stderr.matchAll(/first_frame_us=(\d+)/g)].map(([, figure]) => Number(figure));
    const inside = logged.slice(WARM_UPS);
    return { disturbance: disturbance.name, strength, outside: spread(outside), inside: spread(inside), switches };
  } finally {
    await lab.destroy();
  }
}
