import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../lab/net/capture.js';
import { Daemon } from '../lab/net/daemon.js';
import { arpFrom } from '../lab/net/frames.js';
import { BOND, type Guest, type Hypervisor } from '../lab/net/hypervisor.js';
import { bridge } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { emptyStateFolder } from '../lab/net/state-folder.js';
import { dissect } from '../support/dissect.js';
import { until } from '../support/until.js';
import type { Build } from './builds.js';
import { memoryOf } from './idle.js';
import type { StaticRows } from './results.js';
import { median } from './statistics.js';

const CONFIG = '/run/tmp/static-rows.yaml';
/** One round, by the default rates. */
const SETTINGS = 'announce: {schedule: [0s], damping: {failovers: 1000}}';
/** The defaults of `announce.rate.arp`. */
const ARP = { rate: 8, burst: 4 };

/** A row for each VLAN of the port, and one for none. */
const ROWS_A_GUEST = 4095;

/** Before a daemon is ready: a hundred such guests take the kernel minutes in User Mode Linux. */
const TIMEOUT_MS = 900_000;
/** Until the daemon has told itself what it has heard, and its tokens are there again. */
const SETTLE_MS = 3000;

/** Guests on trunks, each with a static row in every VLAN: `bridge fdb append MAC dev PORT master static`. */
function trunks(guests: number): (hv: Hypervisor) => void {
  return (hv) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND);
    const ports = Array.from({ length: guests }, () => hv.guest('br0').port);
    hv.bridgeLines.push(...[BOND, ...ports].map((port) => `vlan add dev ${port} vid 2-4094`));
  };
}

/** What the builds need, in turns, for so many guests with static rows in every VLAN. */
export async function staticRows(guests: number, builds: readonly Build[], turns: number): Promise<StaticRows[]> {
  writeFileSync(CONFIG, SETTINGS);
  const lab = await Lab.build({ attach: trunks(guests), teach: false });
  try {
    for (const { program } of builds) await (await start(lab, program)).stop(); // its files are read from the host once
    await bridge(
      'hv',
      lab.guests.map(({ mac, port }) => `fdb append ${mac} dev ${port} master static`),
    );
    const figures = builds.map((): Figures[] => []);
    for (let turn = 0; turn < turns; turn++)
      for (const [n, { program }] of builds.entries()) figures[n]?.push(await measure(lab, program));
    const of = (n: number, key: keyof Figures): number => median((figures[n] ?? []).map((each) => each[key]));
    return builds.map(({ name }, n) => ({
      contestant: name,
      guests,
      rows: guests * ROWS_A_GUEST,
      runs: turns,
      readyMs: of(n, 'readyMs'),
      megabytes: of(n, 'megabytes'),
      lastGarpMs: of(n, 'lastGarpMs'),
      without: of(n, 'without'),
      rateAloneMs: (Math.max(0, guests - ARP.burst) / ARP.rate) * 1000,
    }));
  } finally {
    await lab.destroy();
  }
}

type Figures = Pick<StaticRows, 'readyMs' | 'megabytes' | 'lastGarpMs' | 'without'>;

function start(lab: Lab, program: string): Promise<Daemon> {
  emptyStateFolder(); // else it would know what the build before has heard
  return Daemon.start(lab, [program, 'run', '--config', CONFIG], { timeout: TIMEOUT_MS });
}

async function measure(lab: Lab, program: string): Promise<Figures> {
  const began = performance.now();
  const daemon = await start(lab, program);
  const readyMs = performance.now() - began;
  const megabytes = memoryOf(daemon.pid, 'VmRSS');
  for (const { netns, device, mac, ip } of lab.guests) lab.inject(netns, device, arpFrom(mac, ip));
  await sleep(SETTLE_MS);
  const garp = await untilLastGarp(lab);
  await daemon.stop({ timeout: TIMEOUT_MS });
  return { readyMs, megabytes, ...garp };
}

/** Who has had no gratuitous ARP when none has come for so long gets none. */
const QUIET_MS = 10_000;

/** From a failover until each guest has had its first gratuitous ARP, and how many never had one. */
async function untilLastGarp(lab: Lab): Promise<Pick<Figures, 'lastGarpMs' | 'without'>> {
  const side = lab.activeSlave() === 'up1' ? 2 : 1;
  const far = capture(lab, `sw${side}`, 'p-hv', { filter: 'arp' });
  const now = (): number => performance.timeOrigin + performance.now();
  const began = now();
  lab.setActiveNow(`up${side}`);
  const firsts = (): number[] => lab.guests.map((guest) => firstOf(guest, far.frames));
  const came = (): number[] => firsts().filter((time) => time < Infinity);
  const isOver = (): boolean => {
    const times = came();
    return times.length === lab.guests.length || now() - Math.max(...times) > QUIET_MS;
  };
  await until(() => came().length > 0 && isOver(), { what: 'gratuitous ARP', timeout: TIMEOUT_MS, every: 50 });
  far.stop();
  return { lastGarpMs: Math.max(...came()) - began, without: lab.guests.length - came().length };
}

function firstOf({ mac }: Guest, frames: ReturnType<typeof capture>['frames']): number {
  return frames.find(({ bytes }) => dissect(bytes).src === mac)?.time ?? Infinity;
}
