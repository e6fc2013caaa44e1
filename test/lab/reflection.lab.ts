import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { labWithDaemon, ONE_ROUND } from './net/daemon.js';
import { chatter } from './net/frames.js';
import type { Lab } from './net/lab.js';
import { FrameSender } from './net/sockets.js';
import { Stream } from './net/stream.js';

const SWITCHES_OF_SLAVE = 50;

function untilBackOnPort(lab: Lab, mac: string, what: string): Promise<boolean> {
  return until(async () => (await lab.learned('hv')).get(mac) === 'tap1', { what, every: 5 });
}

test('a guest whose last frame came back by the new link stays reachable, and its bridge knows where it is', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { latencyMs: 300 });
  const guest = lab.guest('g1');
  const leaving = capture(lab, 'hv', 'up1', { filter: `ether src ${guest.mac}` });
  lab.speakOnce(guest);
  await leaving.waitFor(() => true);
  lab.setActiveNow('up2');
  await daemon.logs(/restored bridge entries after frames were reflected by the switches/);
  await untilBackOnPort(lab, guest.mac, 'the row is put back');
  const stream = await Stream.start(lab, { guests: [guest] });
  await stream.goesOn(20);
  assert.ok((await stream.stop()).every(({ darkAtEnd }) => !darkAtEnd));
});

test('a guest that broadcasts without pause stays reachable through fifty switches of the active slave', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { latencyMs: 5, config: ONE_ROUND });
  const guest = lab.guest('g1');
  const talker = new FrameSender(guest.netns);
  const talking = setInterval(() => talker.send(guest.device, [chatter(guest.mac)]), 2);
  const stream = await Stream.start(lab, { guests: [guest] });
  for (let n = 1; n <= SWITCHES_OF_SLAVE; n++) {
    const slave = n % 2 === 1 ? 'up2' : 'up1';
    lab.setActiveNow(slave);
    await lab.untilActive(slave);
    await stream.arrivesAgain(5);
    await untilBackOnPort(lab, guest.mac, `the bridge is right after switch ${n}`);
  }
  clearInterval(talking);
  talker.close();
  await untilBackOnPort(lab, guest.mac, 'the bridge is right at the end');
  const reflected = 'bondherald_sightings_ignored_total{source="fdb",reason="reflection"}';
  console.log(`${SWITCHES_OF_SLAVE} switches, rows reflected and put back: ${await daemon.metric(reflected)}`);
  await stream.goesOn(20);
  assert.ok((await stream.stop()).every(({ darkAtEnd }) => !darkAtEnd));
});
