import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, httpGet, METRICS_PORT } from '../lab/net/daemon.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { scrape } from './disturbances.js';
import { CALM_MS_A_MAC } from './first-round.js';
import { startHerald } from './herald.js';
import { addGuests } from './macs.js';
import type { Scrape } from './results.js';
import { type Spread, spread } from './statistics.js';
import { Witness } from './witness.js';

/** The first ones are compiled while they run. */
const WARM_UPS = 5;

/**
 * How long a scraper waits for its answer, the connection included; and how soon the first frame of a failover leaves
 * when nobody asks, and while /metrics is read without a pause.
 */
export async function scrapes(guests: number, runs: number, failovers: number): Promise<Scrape> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(guests);
    const daemon = await startHerald(lab, guests);
    const times: number[] = [];
    let bytes = 0;
    for (let n = 0; n < runs + WARM_UPS; n++) {
      const began = performance.now();
      bytes = (await httpGet('hv', '/metrics', METRICS_PORT)).length;
      if (n >= WARM_UPS) times.push((performance.now() - began) * 1000);
    }
    const witness = await Witness.start(lab, guests);
    const quiet = await firstFrames(daemon, witness, guests, failovers);
    const scraper = await scrape(lab);
    const scraped = await firstFrames(daemon, witness, guests, failovers);
    await scraper.stop();
    return { guests, bytes, time: spread(times), firstFrame: { quiet, scraped } };
  } finally {
    await lab.destroy();
  }
}

/** As the daemon's log has them; the first, which warms caches up, does not count. */
async function firstFrames(
  daemon: Daemon,
  witness: Witness,
  guests: number,
  failovers: number,
): Promise<Spread | null> {
  const before = daemon.stderr.length;
  for (let n = 0; n <= failovers; n++) {
    await witness.arrival(await witness.switchOver(), guests);
    await sleep(guests * CALM_MS_A_MAC);
  }
  const logged = [...daemon.stderr.slice(before).matchAll(/first_frame_us=(\d+)/g)].map(([, figure]) => Number(figure));
  return spread(logged.slice(1));
}
