import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { RARP_FILTER } from './net/announced.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_BURST, SCRATCH } from './net/daemon.js';
import { BOND, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { Lab } from './net/lab.js';
import { assertOutage } from './net/outage.js';
import { Stream } from './net/stream.js';

/* One lab and one daemon for all tests, in their order: the last one leaves the bond to the kernel for a minute. */

/** How often the bond looks where it is not to notice anything, and what is far less, whatever machine this is. */
const SELDOM_MS = 2000;
const LIMIT_MS = 300;

let lab: Lab;
let daemon: Daemon;
/** All RARPs that come out of the bond: behind both switches, and on a device that no test cuts. */
let far: Capture;

before(async () => {
  lab = await Lab.build({ bond: { miimon: 100 }, attach: plainBridge(3) });
  // A third link, to the second switch, which the bond has got before the second one.
  await ip('hv', [
    'link add up3 type veth peer name p-hv3 netns sw2',
    `link set up3 master ${BOND}`,
    'link set up3 up',
  ]);
  await ip('sw2', ['link set p-hv3 master fabric', 'link set p-hv3 up']);
  await ip('hv', ['link set up2 nomaster', `link set up2 master ${BOND}`]);
  await lab.untilUp('up3');
  await lab.untilUp('up2');
  mkdirSync(SCRATCH, { recursive: true });
  const config = path.join(SCRATCH, 'carrier-loss.yaml');
  writeFileSync(config, `${ONE_BURST}\nfailover: {onCarrierLoss: true}\n`);
  daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config], { timeout: 120_000 });
  await daemon.logs(/the active slave is changed at the loss of its carrier bond=bond0/);
  far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
});

after(async () => {
  await daemon.stop();
  await lab.destroy();
});

/** The failovers that were announced so far, and those of them that the daemon has made. */
function announced(): { all: number; ours: number } {
  const lines = daemon.stderr.match(/^.*failover announced.*$/gm) ?? [];
  return { all: lines.length, ours: lines.filter((line) => line.includes('at_carrier_loss=true')).length };
}

/** Has the bond look at its links so often, and waits until it has just looked: for nearly miimon it will not look again. */
async function justLooked(miimon: number, more = ''): Promise<void> {
  await ip('hv', [`link set ${BOND} type bond miimon ${miimon}${more}`]);
  await lab.cutLink(2);
  await until(() => !lab.slaveUp('up2'), { what: 'the bond has missed up2', every: 5 });
  await lab.mendLink(2);
  await lab.untilUp('up2');
}

/** Waits until the last failover is announced: the bond may send by a slave before the daemon has said so. */
async function lastAnnounced(): Promise<void> {
  const slave = (): string | undefined => [...daemon.stderr.matchAll(/failover announced .*slave=(\w+)/g)].at(-1)?.[1];
  await until(() => slave() === lab.activeSlave(), { what: 'the last failover is announced', every: 5 });
}

/** Mends the first link and goes back to it. */
async function backToFirst(): Promise<void> {
  await lastAnnounced();
  await until(() => !lab.slaveUp('up1'), { what: 'the bond has missed up1' });
  await lab.mendLink(1);
  await lab.untilUp('up1');
  await lab.setActive('up1');
  await lastAnnounced();
}

/** Every failover since the start was announced once to each guest, and the counters say what came on the far side. */
async function assertOnce(): Promise<void> {
  const counted = async (): Promise<number> =>
    (await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}')) ?? 0;
  await until(async () => (await counted()) === announced().all, { what: 'each failover is announced', every: 50 });
  await far.settled();
  const sent = await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="rarp"}');
  assert.deepEqual([far.frames.length, sent], [announced().all * 3, announced().all * 3], 'each guest once a failover');
}

test('a silent guest is reachable again long before the bond looks at the link that has failed', async () => {
  await justLooked(SELDOM_MS);
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutLink(1);
    await until(() => lab.activeSlave() !== 'up1', { what: 'another link is active' });
  });
  await until(() => announced().all === 1, { what: 'it is announced' });
  assert.equal(announced().ours, 1);
  await assertOnce();
});

test('of three links the first takes over, else that of the highest priority, else the primary; none that has left', async () => {
  assert.equal(lab.activeSlave(), 'up3', 'which the bond got before up2');
  await backToFirst();
  const takesOver = async (slave: string): Promise<void> => {
    const before = announced().ours;
    await justLooked(500);
    await lab.cutLink(1);
    await until(() => announced().ours > before, { what: 'a failover of ours is announced' });
    assert.equal(lab.activeSlave(), slave);
    await backToFirst();
  };
  await ip('hv', [`link set ${BOND} type bond primary_reselect failure`, 'link set up2 type bond_slave prio 10']);
  await lab.setActive('up1');
  await takesOver('up2');
  await ip('hv', [`link set ${BOND} type bond primary up3`]);
  await lab.setActive('up1');
  await takesOver('up3');
  await ip('hv', ['link set up2 type bond_slave prio 0', 'link set up3 nomaster']);
  await justLooked(500);
  await lab.cutLink(1);
  await lab.untilActive('up2'); // of a veth that leaves a bond nobody is told: up3 was asked for, and refused
  await backToFirst();
  await takesOver('up2');
});

test('a standby without carrier is not taken, though the bond has not missed it yet; nor is one in its updelay', async () => {
  const before = announced();
  await justLooked(500, ' updelay 0');
  await lab.cutLink(2);
  await lab.cutLink(1);
  await lab.untilActive(null);
  await ip('hv', [`link set ${BOND} type bond updelay 20000`]);
  await lab.mendLink(1);
  await lab.untilActive('up1');
  await lab.mendLink(2);
  await until(() => lab.linkGoesBack('up2'), { what: 'the updelay of up2 is running', every: 20 });
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await until(() => announced().all === before.all + 2, { what: 'both recoveries are announced' });
  assert.equal(announced().ours, before.ours, 'the kernel took it, for want of another');
  assert.doesNotMatch(daemon.stderr, /did not change the active slave/);
  await ip('hv', [`link set ${BOND} type bond updelay 0`]);
  await lab.mendLink(1);
  await lab.untilUp('up1');
  await assertOnce();
});

test('the kernel and the daemon at the same moment: one failover, one announcement, whoever was faster', async () => {
  await lab.setActive('up1');
  await lastAnnounced();
  await ip('hv', [`link set ${BOND} type bond miimon 10`]);
  await assertOnce();
  const before = announced();
  const stream = await Stream.start(lab);
  for (let n = 0; n < 6; n++) {
    const [cut, other] = n % 2 === 0 ? ([1, 'up2'] as const) : ([2, 'up1'] as const);
    lab.cutLinkNow(cut);
    if (n < 3) lab.setActiveNow(other); // a third one who decides, and the others at their own moments
    await lab.untilActive(other);
    await until(() => !lab.slaveUp(`up${cut}`), { what: 'the bond has missed the link', every: 2 });
    await lab.mendLink(cut);
    await lab.untilUp(`up${cut}`);
  }
  await assertOnce();
  console.log(`made by the daemon: ${announced().ours - before.ours} of ${announced().all - before.all}`);
  assert.equal(announced().all - before.all, 6);
  for (const { guest, darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, `${guest.name} is reachable`);
});

test('a link that flaps faster than miimon: each switch is announced; after two the kernel decides for a minute', async () => {
  await justLooked(SELDOM_MS);
  const before = announced();
  const stream = await Stream.start(lab);
  for (const n of [1, 2] as const) {
    lab.flapLink(n);
    await lab.untilActive(`up${3 - n}`);
  }
  const LEFT = /warn: failovers at the loss of carrier are left to the kernel bond=bond0 reason="(.+)"/;
  const [, reason] = await daemon.logs(LEFT);
  assert.equal(reason, 'its links lose their carrier for less than miimon; again in 60 s');
  lab.flapLink(1);
  await assertOnce();
  assert.deepEqual([lab.activeSlave(), announced().ours - before.ours], ['up1', 2], 'the kernel has missed nothing');
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await until(() => announced().all === before.all + 3, { what: 'it is announced' });
  await assertOnce();
  assert.equal(announced().ours - before.ours, 2);
  await stream.goesOn(50);
  for (const { guest, darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, `${guest.name} is reachable`);
  console.log(daemon.stderr.match(/(?:switch|first_frame)_us=\d+/g)?.join(' '));
});
