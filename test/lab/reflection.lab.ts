import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dissect } from '../support/dissect.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { labWithDaemon, ONE_ROUND } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { type Guest, HYPERVISOR } from './net/hypervisor.js';
import { bridge, ip, json } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { FrameSender } from './net/sockets.js';
import { Stream } from './net/stream.js';

const SWITCHES_OF_SLAVE = 50;

function untilBackOnPort(lab: Lab, mac: string, what: string, port = 'tap1'): Promise<boolean> {
  return until(async () => (await lab.learned('hv')).get(mac) === port, { what, every: 5 });
}

/** Has guests send a broadcast that is still in the switches when the active slave changes. */
async function reflect(lab: Lab, ...guests: readonly Guest[]): Promise<void> {
  const leaving = capture(lab, 'hv', 'up1', { filter: 'ether proto 0x88b5' });
  for (const guest of guests) lab.speakOnce(guest);
  for (const { mac } of guests) await leaving.waitFor(({ bytes }) => dissect(bytes).src === mac);
  lab.setActiveNow('up2');
}

test('a guest whose last frame came back by the new link stays reachable, and its bridge knows where it is', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { latencyMs: 300 });
  const guest = lab.guest('g1');
  await reflect(lab, guest);
  await daemon.logs(/restored bridge entries after frames were reflected by the switches/);
  await untilBackOnPort(lab, guest.mac, 'the row is put back');
  const stream = await Stream.start(lab, { guests: [guest] });
  await stream.goesOn(20);
  assert.ok((await stream.stop()).every(({ darkAtEnd }) => !darkAtEnd));
});

/** libvirt's macTableManager: the bridge learns nothing of the guest, and floods nothing to it. Its row is all there is. */
async function manage({ mac, port }: Guest): Promise<void> {
  await bridge(HYPERVISOR, [
    `fdb replace ${mac} dev ${port ?? ''} master static`,
    `link set dev ${port ?? ''} learning off flood off`,
  ]);
}

test("an administrator's row that a reflection moved is put back as one, and does not age out", async (t) => {
  const { lab } = await labWithDaemon(t, { latencyMs: 300 });
  const [learns, managed] = [lab.guest('g1'), lab.guest('g2')];
  await manage(managed);
  await reflect(lab, learns, managed);
  for (const { mac, port } of [learns, managed]) await untilBackOnPort(lab, mac, `${port} has its row`, port ?? '');
  await ip(HYPERVISOR, ['link set br0 type bridge ageing_time 50']); // in 1/100 s
  await until(async () => !(await lab.learned('hv')).has(learns.mac), { what: 'what was learned has aged out' });
  const rows = (await json('bridge', HYPERVISOR, 'fdb', 'show', 'dev', 'tap2')) as { mac: string; state?: string }[];
  assert.equal(rows.find(({ mac }) => mac === managed.mac)?.state, 'static');
  const stream = await Stream.start(lab, { guests: [managed] });
  await stream.stop();
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
