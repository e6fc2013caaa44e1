import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { announced, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';

const INVENTED = 100_000;
const LIMIT_A_PORT = 64;
const SLICE = 5_000;

/** Resident memory of a process in MiB. */
function memoryOf(pid: number): number {
  const pages = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return pages / 1024;
}

test('a guest that invents 100,000 addresses is limited to its share, and every other guest is announced', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const [flooder, ...others] = lab.guests;
  assert.ok(flooder);
  const before = memoryOf(daemon.pid);
  for (let first = 0; first < INVENTED; first += SLICE) {
    const macs = Array.from({ length: SLICE }, (_, n) => `06:${(first + n).toString(16).padStart(10, '0')}`);
    lab.speakOnce(flooder, ...macs.map((mac) => mac.replace(/^06:(..)(..)(..)(..)(..)$/, '06:$1:$2:$3:$4:$5')));
  }
  const evicted = 'bondherald_guest_evictions_total{reason="per-port"}';
  await until(async () => ((await daemon.metric(evicted)) ?? 0) >= INVENTED - LIMIT_A_PORT - lab.guests.length, {
    what: 'the flood is dealt with',
    timeout: 60_000,
    every: 200,
  });
  const after = memoryOf(daemon.pid);
  console.log(`memory before ${before.toFixed(0)} MiB, after ${INVENTED} invented addresses ${after.toFixed(0)} MiB`);
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, LIMIT_A_PORT + others.length);
  await lab.setActive('up2');
  const macs = announced(await arriving).map((label) => label.slice(0, 17));
  for (const { mac } of others) assert.ok(macs.includes(mac), `${mac} is announced`);
  assert.ok(macs.length <= LIMIT_A_PORT + others.length, `${macs.length} are announced in all`);
  assert.ok(after < before + 100, 'memory is bounded');
});
