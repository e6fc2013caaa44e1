import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capture } from '../lab/net/capture.js';
import { labWithDaemon } from '../lab/net/daemon.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { bridge } from '../lab/net/ip.js';
import { RARP_FILTER } from '../lab/net/announced.js';
import { setAgeing, watchTable } from '../lab/net/switch-tables.js';
import { mostWithin } from '../support/announcing.js';
import { dissect } from '../support/dissect.js';
import { until } from '../support/until.js';
import { figures } from './figures.js';

const MINUTES = Number(process.env.MINUTES ?? 5);
const GUESTS = 1000;
const AGEING = 30;
const REFRESH = 20;

const byte = (value: number): string => value.toString(16).padStart(2, '0');

test(`for ${MINUTES} minutes a switch that forgets after ${AGEING} s keeps ${GUESTS} silent guests that are refreshed`, async (t) => {
  const config = `announce: {refresh: ${REFRESH}s, kinds: [rarp]}`;
  const { lab } = await labWithDaemon(t, { attach: plainBridge(1), config });
  const macs = Array.from({ length: GUESTS }, (_, n) => `52:54:01:00:${byte(n >> 8)}:${byte(n & 0xff)}`);
  await setAgeing(AGEING);
  const far = capture(lab, 'sw1', 'p-hv', { filter: RARP_FILTER });
  await bridge(
    'hv',
    macs.map((mac) => `fdb add ${mac} dev tap1 master static`),
  );
  const everyone = [...macs, lab.guest('g1').mac];
  const all = async (): Promise<boolean> => {
    const known = await lab.learned('sw2');
    return everyone.every((mac) => known.has(mac));
  };
  await until(all, { what: 'the switch has learned all', timeout: 3 * REFRESH * 1000 });
  const from = far.frames.length;
  const began = performance.now();
  const { looks, missed } = await watchTable(lab, 'sw2', everyone, { seconds: MINUTES * 60, every: 1 });
  const seconds = (performance.now() - began) / 1000;
  await far.settled();
  const sent = far.frames.slice(from);
  const times = sent.map(({ time }) => time / 1000);
  const most = mostWithin(times, 1);
  const mean = times.length / seconds;
  const senders = new Set(sent.map(({ bytes }) => dissect(bytes).src));
  assert.deepEqual([...missed], []);
  assert.equal(senders.size, everyone.length);
  assert.ok(most <= 1.5 * mean, `${most} in a second, ${mean} on average`);
  figures('refresh', {
    'silent guests': everyone.length,
    'the switch forgets a MAC after': `${AGEING} s`,
    'announce.refresh': `${REFRESH} s`,
    'looks into its table, in minutes': `${looks}, ${MINUTES}`,
    'guests that were not in it at a look': missed.size,
    'RARP frames a second on average': mean.toFixed(1),
    'the most in any second': most,
  });
});
