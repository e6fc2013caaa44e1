import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { labWithDaemon } from './net/daemon.js';
import { ip, json } from './net/ip.js';
import { Stream } from './net/stream.js';

/** For how long a port listens, and then learns, in seconds: what switches have by default (802.1D). */
const FORWARD_DELAY = 15;

async function portState(port: string): Promise<string | undefined> {
  const rows = (await json('bridge', 'sw2', 'link', 'show', 'dev', port)) as { state: string }[];
  return rows[0]?.state;
}

const untilForwarding = (port: string, timeout: number): Promise<boolean> =>
  until(async () => (await portState(port)) === 'forwarding', { what: `${port} forwards`, timeout, every: 20 });

test('guests behind a port that spanning tree blocks for 30 s are reachable as soon as it opens', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  await lab.cutLink(2);
  await ip('sw2', ['link set fabric type bridge stp_state 1 forward_delay 200']);
  for (const port of ['p-isl', 'p-client']) await untilForwarding(port, 20_000);
  await ip('sw2', [`link set fabric type bridge forward_delay ${FORWARD_DELAY * 100}`]);
  const stream = await Stream.start(lab);
  await lab.mendLink(2);
  const linkUp = Date.now();
  await lab.untilUp('up2');
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await untilForwarding('p-hv', 3 * FORWARD_DELAY * 1000);
  const opened = Date.now();
  assert.ok(opened - linkUp >= 2 * FORWARD_DELAY * 1000 - 1000, 'the port was blocked');
  await stream.arrivesAgain(20).catch(() => undefined); // what is missing is told below
  const known = JSON.stringify([...(await lab.learned('sw2'))]);
  for (const { guest, packets } of await stream.stop()) {
    assert.ok(!packets.some(({ sentAt, arrived }) => arrived && sentAt > linkUp + 2000 && sentAt < opened - 500));
    const back = packets.find(({ sentAt, arrived }) => arrived && sentAt > opened - 500)?.sentAt ?? Infinity;
    console.log(`${guest.name} is reachable ${Math.round(back - opened)} ms after the port was seen open`);
    assert.ok(back - opened < 500, `it was blocked for ${opened - linkUp} ms\n${daemon.stderr}\nsw2 knows ${known}`);
  }
});
