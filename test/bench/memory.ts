import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { Daemon } from '../lab/net/daemon.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { emptyStateFolder } from '../lab/net/state-folder.js';
import type { Build } from './builds.js';
import { memoryOf } from './idle.js';
import { addGuests, macOf } from './macs.js';
import type { Memory } from './results.js';
import { median } from './statistics.js';

const CONFIG = '/run/tmp/memory.yaml';
const SETTINGS = `
announce:
  kinds: [rarp, garp, na]
  schedule: [0s]
  rate: {rarp: unlimited, arp: unlimited, na: unlimited}
  damping: {failovers: 1000, within: 1s, holdOff: 0s}
`;

/** V8's first collection at rest falls 13 to 29 s after the start. */
const SETTLE_MS = 30_000;
/** What the listening thread reads in a turn, and how long a turn is. */
const CHUNK = 64;
const TURN_MS = 12;
const TIMEOUT_MS = 300_000;

/**
 * What each build holds of so many guests at rest, in turns: each with an IPv4 and an IPv6 address that it was heard to
 * say, or with none. With addresses also how long it takes from a failover to the last gratuitous ARP and NA.
 */
export async function memory(
  guests: number,
  { addresses, turns }: { readonly addresses: boolean; readonly turns: number },
  builds: readonly Build[],
): Promise<Memory[]> {
  writeFileSync(CONFIG, SETTINGS);
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(guests);
    const figures = builds.map((): Figures[] => []);
    for (let turn = 0; turn < turns; turn++)
      for (const [n, { program }] of builds.entries()) figures[n]?.push(await measure(lab, program, guests, addresses));
    return builds.map(({ name }, n) => {
      const of = (key: keyof Figures): number => median((figures[n] ?? []).map((each) => each[key]));
      const sizes = { megabytes: of('megabytes'), ownMegabytes: of('ownMegabytes') };
      return {
        contestant: name,
        guests,
        addresses,
        ...sizes,
        lastMs: addresses ? of('lastMs') : null,
        missing: of('missing'),
        runs: turns,
      };
    });
  } finally {
    await lab.destroy();
  }
}

type Figures = Record<'megabytes' | 'ownMegabytes' | 'lastMs' | 'missing', number>;

async function measure(lab: Lab, program: string, guests: number, addresses: boolean): Promise<Figures> {
  emptyStateFolder();
  const daemon = await Daemon.start(lab, [program, 'run', '--config', CONFIG], { timeout: TIMEOUT_MS });
  const known = 'bondherald_guests{bond="bond0",source="fdb"}';
  const areKnown = async (): Promise<boolean> => ((await daemon.metric(known)) ?? 0) >= guests;
  await until(areKnown, { what: `${guests} guests`, timeout: TIMEOUT_MS, every: 500 });
  if (addresses) await speak(lab, guests);
  await sleep(SETTLE_MS);
  const [megabytes, ownMegabytes] = [memoryOf(daemon.pid, 'VmRSS'), memoryOf(daemon.pid, 'RssAnon')];
  const last = addresses ? await untilLastAddress(lab, daemon, guests) : { lastMs: NaN, missing: 0 };
  await daemon.stop({ timeout: TIMEOUT_MS });
  return { megabytes, ownMegabytes, ...last };
}

/** Everybody says both addresses, twice: what comes faster than it is read is lost. */
async function speak(lab: Lab, guests: number): Promise<void> {
  const [guest] = lab.guests;
  if (!guest) return;
  for (let n = 0; n < 2 * guests; n += CHUNK / 2) {
    const frames = Array.from({ length: CHUNK / 2 }, (_, i) => (n + i) % guests).flatMap((each) => {
      const ends = { src: macOf(each) };
      const ip = `10.${each >> 16}.${(each >> 8) & 255}.${each & 255}`;
      const ip6 = `2001:db8::${(each + 1).toString(16)}`;
      return [say.arp(ends, { spa: ip, tpa: ip }), say.na(ends, { from: ip6, target: ip6 })];
    });
    lab.inject(guest.netns, guest.device, ...frames);
    await sleep(TURN_MS);
  }
}

/** From a failover until all have been announced, in ms; and how many addresses were not. */
async function untilLastAddress(
  lab: Lab,
  daemon: Daemon,
  guests: number,
): Promise<Pick<Figures, 'lastMs' | 'missing'>> {
  const side = lab.activeSlave() === 'up1' ? 2 : 1;
  const before = daemon.stderr.length;
  const began = performance.now();
  lab.setActiveNow(`up${side}`);
  const over = (): RegExpExecArray | null => /announcement finished.*$/m.exec(daemon.stderr.slice(before));
  const [line] = await until(over, { what: 'the last address', timeout: TIMEOUT_MS, every: 5 });
  const took = performance.now() - began;
  const sent = (kind: string): number => Number(new RegExp(`\\b${kind}=(\\d+)`).exec(line)?.[1] ?? 0);
  return { lastMs: took, missing: Math.max(0, guests - sent('garp')) + Math.max(0, guests - sent('na')) };
}
