import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seeded } from '../../support/seeded.js';
import { until } from '../../support/until.js';
import { Clients } from './clients.js';
import { PassingGuests } from './guests.js';
import { insidesOf, type Insides } from './inspector.js';
import { QUICK_ROUNDS } from './kills.js';
import type { Scene } from './scene.js';
import { fewestDescriptors, type Vitals, vitalsOf } from './vitals.js';
import { clockIsOurs, moveClock } from './wall-clock.js';

/** At most two announcements in six seconds, and two seconds of quiet before what was held back. */
const DAMPED = QUICK_ROUNDS.replace('{failovers: 1000}', '{failovers: 2, within: 6s, holdOff: 2s}');

/** In seconds. */
const HOLD_OFF = 2;

/** What a daemon holds at a moment when nothing happens. */
export type Holdings = Vitals & Insides & { kinds: string[] };

/** What was done to it. */
export interface SoakReport {
  seconds: number;
  failovers: number;
  bursts: number;
  heldBack: number;
  guests: number;
  answers: number;
  /** How often the clock was set by an hour or two between two rounds. */
  clockMoves: number;
  before: Holdings;
  after: Holdings;
}

/** In bytes: what V8 may keep after a collection that it did not keep before, compiled code among it. */
const HEAP_SLACK = 2 << 20;
/** In MiB. */
const MEMORY_SLACK = 16;

/**
 * Fails over again and again, while guests come and go and clients ask without pause; first with nothing held back, then
 * with damping. In the end the daemon holds what it held when it was warm.
 * @param seconds how long, the two measurements aside; a fifth of it with damping
 */
export async function soak(scene: Scene, seconds: number, chance: Seeded): Promise<SoakReport> {
  const guests = new PassingGuests(scene.lab, chance);
  const counts = { bursts: 0, heldBack: 0, answers: 0, clockMoves: 0 };
  const busily = async (share: number, turn: () => Promise<void>): Promise<void> => {
    const clients = new Clients(scene);
    for (const end = performance.now() + seconds * share * 1000; performance.now() < end;) await turn();
    await clients.stop();
    counts.answers += clients.answers;
  };
  const turn = async (): Promise<void> => {
    await guests.change();
    if (chance.next() < 0.3) counts.bursts += await flap(scene, chance);
    await scene.tableIsTheKernels('in the soak');
    const hours = clockIsOurs() ? chance.below(5) - 2 : 0;
    if (hours !== 0) counts.clockMoves++;
    await scene.failsOverAsItShould('in the soak', () => moveClock(hours * 3600));
  };
  await busily(0.15, turn); // until it is warm
  await guests.end();
  const before = await holdings(scene);
  await busily(0.65, turn);
  await reload(scene, DAMPED, 'announce.damping');
  await busily(0.2, async () => {
    await guests.change();
    counts.heldBack += await heldBack(scene);
  });
  await reload(scene, QUICK_ROUNDS, 'announce.damping');
  await guests.end();
  const after = await holdings(scene);
  assertSame(before, after);
  return { seconds, failovers: scene.counts.failovers, guests: guests.born, ...counts, before, after };
}

/** Some switches right after each other, of which only the last counts. @returns how many */
async function flap(scene: Scene, chance: Seeded): Promise<number> {
  const switches = 2 + chance.below(4);
  for (let n = 0; n < switches; n++) {
    scene.lab.setActiveNow(scene.idleSlave);
    await sleep(chance.below(60));
  }
  await scene.calm();
  await scene.nobodyIsLost('after switches right after each other');
  return switches;
}

/** Fails over until that is held back, and waits until it is made good. @returns how often it was held back */
async function heldBack(scene: Scene): Promise<number> {
  const { lab, daemon } = scene;
  const count = (what: string): number => daemon.stderr.split(what).length - 1;
  const [held, delayed] = [count('failover not announced yet'), count('delayed=true')];
  for (let n = 0; n < 3; n++) {
    lab.setActiveNow(scene.idleSlave);
    await sleep(100);
  }
  await until(() => count('failover not announced yet') > held, { what: 'it is held back' });
  await sleep((HOLD_OFF * 1000) / 2);
  assert.equal(count('delayed=true'), delayed, 'not before its time');
  await until(() => count('delayed=true') > delayed, { what: 'what was held back is announced', timeout: 60_000 });
  await scene.calm();
  await scene.nobodyIsLost('what was held back is announced');
  return count('failover not announced yet') - held;
}

async function reload(scene: Scene, text: string, changed: string): Promise<void> {
  const times = (): number => scene.daemon.stderr.split(`configuration reloaded changed="${changed}`).length;
  const before = times();
  writeFileSync(scene.configFile, scene.withStateDir(text));
  scene.daemon.signal('SIGHUP');
  await until(() => times() > before, { what: `the new ${changed} holds: ${scene.daemon.stderr.slice(-500)}` });
}

async function holdings(scene: Scene): Promise<Holdings> {
  await scene.calm();
  await insidesOf(scene.daemon); // the inspector itself is among what is held
  await sleep(1500); // the last answers go out
  const insides = await insidesOf(scene.daemon);
  const kinds = await fewestDescriptors(scene.daemon.pid);
  return { ...vitalsOf(scene.daemon.pid), ...insides, descriptors: kinds.length, kinds };
}

function assertSame(before: Holdings, after: Holdings): void {
  const words = JSON.stringify({ before, after });
  assert.deepEqual(after.kinds, before.kinds, 'the descriptors are the same');
  assert.equal(after.threads, before.threads, 'the threads are the same');
  assert.deepEqual(
    [after.timers, after.handles],
    [before.timers, before.handles],
    `as many timers and handles: ${words}`,
  );
  assert.ok(after.heap <= before.heap + HEAP_SLACK, `the heap has not grown: ${words}`);
  assert.ok(after.memory <= before.memory + MEMORY_SLACK, `the memory has not grown: ${words}`);
}
