import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BONDHERALD, Daemon } from '../lab/net/daemon.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { emptyStateFolder } from '../lab/net/state-folder.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { addGuests, macOf } from './macs.js';
import type { GroupsCost } from './results.js';
import { spread } from './statistics.js';
import { dropAtSwitches } from './witness.js';

const CONFIG = '/run/tmp/groups.yaml';

/** All that a guest with an IPv4 address and a group is owed, as fast as the host can. */
const settings = (kinds: string): string => `
announce:
  kinds: [${kinds}]
  schedule: [0s]
  rate: {rarp: unlimited, arp: unlimited, na: unlimited, mcast: unlimited}
  damping: {failovers: 1000, within: 1s, holdOff: 0s}
`;

const CONTESTANTS = [
  { contestant: 'with re-joins', kinds: 'rarp, garp, mcast' },
  { contestant: 'without', kinds: 'rarp, garp' },
] as const;

/** What the listening thread reads in a turn, and how long a turn is. */
const CHUNK = 64;
const TURN_MS = 12;
const TIMEOUT_MS = 300_000;
const LAST_FRAMES = 'bondherald_announcement_last_frame_seconds_sum{bond="bond0"}';
/** CHANGE_TO_EXCLUDE_MODE: RFC 3376 section 4.2.12. */
const JOIN = 4;

/** The first round of so many guests, each in a group of its own, with its membership said again and without, in turns. */
export async function groups(guests: number, pace: { blocks: number; runs: number }): Promise<GroupsCost[]> {
  const lab = await Lab.build({ attach: plainBridge(1), teach: false });
  try {
    await addGuests(guests);
    await dropAtSwitches(['all']);
    const seen = CONTESTANTS.map((): Figures[] => []);
    for (let block = 0; block < pace.blocks; block++)
      for (const [n, { kinds }] of CONTESTANTS.entries())
        seen[n]?.push(...(await measure(lab, guests, kinds, pace.runs)));
    return CONTESTANTS.map(({ contestant }, n) => {
      const rows = seen[n] ?? [];
      return {
        ...{ contestant, guests, runs: rows.length },
        lastRarp: spread(rows.map(({ lastRarpUs }) => lastRarpUs)),
        end: spread(rows.map(({ endUs }) => endUs)),
        frames: Math.min(...rows.map(({ frames }) => frames)),
      };
    });
  } finally {
    await lab.destroy();
  }
}

/** Of one failover; times in µs from its message's arrival in the daemon. */
interface Figures {
  readonly lastRarpUs: number;
  /** Of the round: the last frame of any kind. */
  readonly endUs: number;
  /** Memberships that were said again. */
  readonly frames: number;
}

async function measure(lab: Lab, guests: number, kinds: string, runs: number): Promise<Figures[]> {
  writeFileSync(CONFIG, settings(kinds));
  emptyStateFolder();
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', CONFIG], { timeout: TIMEOUT_MS });
  const known = 'bondherald_guests{bond="bond0",source="fdb"}';
  const areKnown = async (): Promise<boolean> => ((await daemon.metric(known)) ?? 0) >= guests;
  await until(areKnown, { what: `${guests} guests`, timeout: TIMEOUT_MS, every: 500 });
  await speak(lab, guests);
  const figures: Figures[] = [];
  for (let run = 0; run <= runs; run++) figures.push(await failOver(lab, daemon));
  await daemon.stop({ timeout: TIMEOUT_MS });
  return figures.slice(1); // the first warms caches up
}

/** Everybody says his address and joins his group, twice: what comes faster than it is read is lost. */
async function speak(lab: Lab, guests: number): Promise<void> {
  const [guest] = lab.guests;
  if (!guest) return;
  for (let n = 0; n < 2 * guests; n += CHUNK / 2) {
    const frames = Array.from({ length: CHUNK / 2 }, (_, i) => (n + i) % guests).flatMap((each) => {
      const ends = { src: macOf(each) };
      const tail = `${each >> 16}.${(each >> 8) & 255}.${each & 255}`;
      const joins = say.groupRecord(JOIN, `239.${tail}`);
      return [say.arp(ends, { spa: `10.${tail}`, tpa: `10.${tail}` }), say.groupReport(ends, `10.${tail}`, joins)];
    });
    lab.inject(guest.netns, guest.device, ...frames);
    await sleep(TURN_MS);
  }
  await sleep(1000);
}

/** As the daemon's own metrics and log tell it. */
async function failOver(lab: Lab, daemon: Daemon): Promise<Figures> {
  const total = async (): Promise<number> => (await daemon.metric(LAST_FRAMES)) ?? 0;
  const [before, rarps] = [daemon.stderr.length, await total()];
  const began = performance.now();
  lab.setActiveNow(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
  const over = (): RegExpExecArray | null => /announcement finished.*$/m.exec(daemon.stderr.slice(before));
  const [line] = await until(over, { what: 'the end of the round', timeout: TIMEOUT_MS, every: 2 });
  const endUs = (performance.now() - began) * 1000;
  return {
    ...{ lastRarpUs: ((await total()) - rarps) * 1e6, endUs },
    frames: Number(/\bmcast=(\d+)/.exec(line)?.[1] ?? 0),
  };
}
