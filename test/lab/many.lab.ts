import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { nextRound, RARP_FILTER, rarps } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon, ONE_BURST } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { bridge } from './net/ip.js';

const GUESTS = 1000;
const ROUNDS = 9;

test('a thousand guests are all announced, each once, in one burst', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(1), config: ONE_BURST });
  const macs = Array.from({ length: GUESTS }, (_, n) => `52:54:01:00:${byte(n >> 8)}:${byte(n & 0xff)}`);
  await bridge(
    'hv',
    macs.map((mac) => `fdb add ${mac} dev tap1 master static`),
  );
  const guests = 'bondherald_guests{bond="bond0",source="fdb"}';
  await until(async () => (await daemon.metric(guests)) === GUESTS + 1, { what: 'the daemon knows all guests' });
  const everyone = [...macs, lab.guest('g1').mac].sort();
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const spans: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const arriving = nextRound(far, GUESTS + 1, 20_000);
    await lab.setActive('up2');
    const frames = await arriving;
    assert.deepEqual(
      rarps(frames)
        .map(({ src }) => src)
        .sort(),
      everyone,
    );
    const times = frames.map(({ time }) => time);
    spans.push(Math.max(...times) - Math.min(...times));
    await lab.setActive('up1');
    const failovers = 'bondherald_bond_failovers_total{bond="bond0"}';
    await until(async () => (await daemon.metric(failovers)) === 2 * (round + 1), {
      what: 'the failback is announced',
    });
    await far.settled(); // by the first switch, over the second, these frames come by here as well
  }
  const median = [...spans].sort((a, b) => a - b)[ROUNDS >> 1] ?? NaN;
  console.log(`first to last of ${everyone.length} frames of the first round on the far side, in ${ROUNDS} failovers:`);
  console.log(`median ${median.toFixed(2)} ms; ${spans.map((span) => span.toFixed(2)).join(', ')} ms`);
  console.log(daemon.stderr.match(/first_frame_us=\d+ last_frame_us=\d+/g)?.join('\n'));
});

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
