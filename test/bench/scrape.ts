import { httpGet, METRICS_PORT } from '../lab/net/daemon.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { startHerald } from './herald.js';
import { addGuests } from './macs.js';
import type { Scrape } from './results.js';
import { spread } from './statistics.js';

/** The first ones are compiled while they run. */
const WARM_UPS = 5;

/** How long a scraper waits for its answer; the connection is part of it. */
export async function scrapes(guests: number, runs: number): Promise<Scrape> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(guests);
    await startHerald(lab, guests);
    const times: number[] = [];
    let bytes = 0;
    for (let n = 0; n < runs + WARM_UPS; n++) {
      const began = performance.now();
      bytes = (await httpGet('hv', '/metrics', METRICS_PORT)).length;
      if (n >= WARM_UPS) times.push((performance.now() - began) * 1000);
    }
    return { guests, bytes, time: spread(times) };
  } finally {
    await lab.destroy();
  }
}
