import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { nextRound, RARP_FILTER, rarps } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { bridge } from './net/ip.js';

const GUESTS = 1000;

test('a thousand guests are all announced, each once, in one burst', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(1) });
  const macs = Array.from({ length: GUESTS }, (_, n) => `52:54:01:00:${byte(n >> 8)}:${byte(n & 0xff)}`);
  await bridge(
    'hv',
    macs.map((mac) => `fdb add ${mac} dev tap1 master static`),
  );
  const guests = 'bondherald_guests{bond="bond0",source="fdb"}';
  await until(async () => (await daemon.metric(guests)) === GUESTS + 1, { what: 'the daemon knows all guests' });
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, GUESTS + 1, 20_000);
  await lab.setActive('up2');
  const frames = await arriving;
  const heard = rarps(frames).map(({ src }) => src);
  assert.deepEqual(heard.sort(), [...macs, lab.guest('g1').mac].sort());
  const times = frames.map(({ time }) => time);
  const span = Math.max(...times) - Math.min(...times);
  console.log(`${heard.length} MACs: first to last frame of the first round ${span.toFixed(2)} ms on the far side`);
  console.log((await daemon.logs(/first_frame_us=\d+ last_frame_us=\d+/))[0]);
});

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
