import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { domainStatus } from '../support/domain-status.js';
import { until } from '../support/until.js';
import { comeAndGo } from './faults/devices.js';
import { SmallDisk } from './faults/disk.js';
import { inject, type ThreadName } from './faults/failing-call.js';
import { reportOverruns, shrinkBuffer } from './faults/netlink-sockets.js';
import { Scene } from './faults/scene.js';
import { descriptorsOf, fewestDescriptors, inWords, type Vitals, vitalsOf } from './faults/vitals.js';
import { clockIsOurs, moveClock } from './faults/wall-clock.js';
import { BOND, HYPERVISOR } from './net/hypervisor.js';
import { bridge, ip, mustRun } from './net/ip.js';
import { linkStorm } from './net/link-storm.js';
import { untilSettled } from './net/mirror.js';
import { stateText } from './net/state-folder.js';

/*
 * One host and one daemon to which everything happens, one after the other. After each the daemon's table is the kernel's,
 * the next failover announces everyone once, and it holds no more descriptors, threads and memory than before.
 */

/** Three that may speak, and as many rows that somebody wrote into the bridge as fill a queue several times. */
const [SPEAKING, WRITTEN] = [3, 200];
const EVERYONE = SPEAKING + WRITTEN;

const disk = new SmallDisk();
const CONFIG = `announce: {schedule: [0s], damping: {failovers: 1000}, rate: {rarp: unlimited, arp: unlimited, na: unlimited}}`;

/** Memory may come and go by so much, in MiB: V8 collects when it likes. */
const MEMORY_SLACK = 40;

let scene: Scene;
let healthy: Vitals;
let held: string[];
const cleanUps: (() => unknown)[] = [];

before(async () => {
  await disk.mount();
  scene = await Scene.open({ after: (cleanUp: () => unknown) => void cleanUps.push(cleanUp) }, CONFIG, {
    guests: SPEAKING,
    stateDir: disk.folder,
  });
  const macs = Array.from({ length: WRITTEN }, (_, n) => `52:54:02:00:00:${n.toString(16).padStart(2, '0')}`);
  await bridge(
    HYPERVISOR,
    macs.map((mac) => `fdb add ${mac} dev tap1 master static`),
  );
  await scene.tableIsTheKernels('at the start');
  for (const when of ['first', 'second']) await scene.failsOverAsItShould(when);
  await note();
});

after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  await disk.unmount();
});

/** What is normal, once the daemon hears as it will: until then it has other sockets. */
async function note(): Promise<void> {
  await untilSettled(scene.daemon);
  held = await fewestDescriptors(scene.daemon.pid);
  healthy = vitalsOf(scene.daemon.pid);
}

/** All that must be true again. */
async function allIsWell(what: string): Promise<void> {
  await scene.tableIsTheKernels(what);
  assert.equal((await scene.kernelsGuests()).size, EVERYONE);
  for (let n = 0; n < 2; n++) await scene.failsOverAsItShould(what);
  await scene.nobodyIsLost(what);
  // A mirror that was lost is back within seconds, and has more sockets than what hears meanwhile.
  let descriptors: string[] = [];
  const areTheSame = (): boolean => isDeepStrictEqual((descriptors = descriptorsOf(scene.daemon.pid)), held);
  await until(areTheSame, { what: 'the same descriptors', timeout: 10_000 }).catch(() => undefined);
  assert.deepEqual(descriptors, held, `${what}: the descriptors are the same`);
  const now = vitalsOf(scene.daemon.pid);
  assert.equal(now.threads, healthy.threads, `${what}: the threads are the same`);
  assert.ok(now.memory <= healthy.memory + MEMORY_SLACK, `${what}: ${inWords(now)}; before: ${inWords(healthy)}`);
  console.log(`after ${what}: ${inWords(now)}`);
}

/** More messages than a shrunken buffer holds, while the daemon cannot read. @returns when it can again */
async function storm(meanwhile: () => Promise<void> | void = () => undefined): Promise<void> {
  scene.daemon.signal('SIGSTOP');
  await linkStorm(BOND, 300);
  await meanwhile();
  scene.daemon.signal('SIGCONT');
}

/** In bytes: the least with which the kernel's answer to a dump can be received. */
const SMALL_BUFFER = 32 << 10;

function shrinkBuffers(): void {
  for (const socket of ['link', 'neigh'] as const) shrinkBuffer(scene.daemon.pid, socket, SMALL_BUFFER);
}

test('both netlink sockets overrun again and again, and with them a failover, and nobody is lost', async () => {
  shrinkBuffers();
  for (let n = 1; n <= 2; n++) {
    const before = await scene.settled();
    await storm(() => scene.lab.setActiveNow(scene.idleSlave));
    await until(() => scene.far.frames.length >= before + EVERYONE, { what: 'the missed failover is announced' });
    for (const socket of ['link', 'neigh']) {
      const overruns = `bondherald_netlink_overruns_total{socket="${socket}"}`;
      await until(async () => ((await scene.daemon.metric(overruns)) ?? 0) >= n, { what: `${overruns} is ${n}` });
    }
  }
  await allIsWell('storms');
});

test('the same storm ends a daemon that lets the kernel report overruns to the netlink package', async () => {
  reportOverruns(scene.daemon.pid, 'neigh');
  await storm();
  assert.equal(await scene.daemon.ended, 'SIGABRT');
  await scene.startAgain();
  await allIsWell('an abort');
  await note();
});

test('what a full queue refuses is sent again, and what a bond that goes down refuses, when it is back', async () => {
  // Slow enough that a round of all lasts for a second: longer than a command that takes the bond down meanwhile.
  const netem = ['root', 'netem', 'rate', '100kbit', 'limit', '8'];
  for (const slave of ['up1', 'up2']) await tc('add', slave, ...netem);
  await allIsWell('a full queue');
  const { daemon, lab, far } = scene;
  const dropped = /dropped (\d+)/.exec(await tc('show', 'up1'))?.[1];
  assert.ok(Number(dropped) > 0, 'the queue was full');
  const errors = 'bondherald_frame_errors_total{bond="bond0",kind="rarp",code="ENETDOWN"}';
  const before = await scene.settled();
  lab.setActiveNow(scene.idleSlave);
  await until(() => far.frames.length > before, { what: 'the round has begun', every: 1 });
  await ip(HYPERVISOR, ['link set bond0 down']);
  await until(async () => ((await daemon.metric(errors)) ?? 0) > 0, { what: 'frames are refused' });
  assert.ok(far.frames.length < before + EVERYONE, 'it was in the middle of a round');
  const again = await scene.settled();
  await ip(HYPERVISOR, ['link set bond0 up']);
  await until(() => far.frames.length >= again + EVERYONE, { what: 'everyone is announced' }).catch((error: Error) =>
    assert.fail(`${error.message}: ${far.frames.length - again} of ${EVERYONE}\n${daemon.stderr.slice(-3000)}`),
  );
  for (const slave of ['up1', 'up2']) await tc('del', slave, 'root');
  await allIsWell('a bond that was down in the middle of a round');
});

function tc(verb: 'add' | 'del' | 'show', device: string, ...more: string[]): Promise<string> {
  return mustRun(['tc', '-n', HYPERVISOR, '-s', 'qdisc', verb, 'dev', device, ...more]);
}

test('hundreds of bonds, slaves, VLANs and bridges come and go, with failovers and scrapes between them', async () => {
  const { lab, daemon } = scene;
  await comeAndGo(100, async () => {
    lab.setActiveNow(scene.idleSlave);
    await daemon.get();
  });
  await allIsWell('devices that came and went');
  assert.doesNotMatch(await daemon.get(), /bond="device /, 'nothing is told of bonds that nobody knew by name');
  const complaints = daemon.stderr.match(/cannot listen on a bond bond=.*/g) ?? [];
  assert.equal(new Set(complaints).size, complaints.length, 'each is said once');
});

test('on a disk that is full, then read-only, the state stays whole, and it is written when there is room', async () => {
  const before = stateText(disk.folder);
  assert.equal(JSON.parse(before).guests.length, EVERYONE);
  const refused = /cannot write the state file; will keep trying reason=".*: ENOSPC"/;
  for (let tries = 0; tries < 5 && !refused.test(scene.daemon.stderr); tries++) {
    disk.fill(); // a save that was under way will leave room for one more
    await scene.failsOverAsItShould('a full disk');
    await scene.daemon.logs(refused, { timeout: 2000 }).catch(() => undefined);
  }
  assert.match(scene.daemon.stderr, refused);
  assert.equal(JSON.parse(stateText(disk.folder)).guests.length, EVERYONE);
  await disk.remount('ro');
  await allIsWell('a disk that is full and read-only');
  assert.equal(scene.daemon.stderr.match(/cannot write the state file/g)?.length, 1, 'it is said once');
  await disk.remount('rw');
  disk.free();
  await scene.failsOverAsItShould('a disk with room again');
  await scene.daemon.logs(/writing the state file works again/);
});

test('the clock may be set forward and back by an hour', async () => {
  if (!clockIsOurs()) return console.log('left out: the clock is that of a machine that others use');
  for (const seconds of [3600, -7200]) {
    await moveClock(seconds);
    await allIsWell(`a clock that moved by ${seconds} s`);
    const { stdout, stderr } = await scene.ask('status');
    assert.match(stdout, /running for (\d+h)?(\d+m)?\d+[sm]\n/, stderr);
    assert.doesNotMatch(stdout, /-\d+ ?s/);
  }
  await moveClock(3600);
});

const LIBVIRT = '/run/libvirt/qemu';

test('files of libvirt that are replaced, cut and removed while they are read leave what they say at last', async () => {
  mkdirSync(LIBVIRT, { recursive: true });
  const silent = '52:54:00:00:0b:01';
  const text = domainStatus({
    name: 'g',
    state: 'running',
    interfaces: [{ mac: silent, target: 'tap2', type: 'bridge' }],
  });
  const file = `${LIBVIRT}/g.xml`;
  for (let n = 0; n < 300; n++) {
    writeFileSync(`${file}.new`, text.slice(0, n % 3 === 0 ? text.length : n % text.length));
    renameSync(`${file}.new`, file);
    if (n % 5 === 0) truncateSync(file, n % text.length);
    if (n % 7 === 0) rmSync(LIBVIRT, { recursive: true });
    mkdirSync(LIBVIRT, { recursive: true });
    await turn();
    if (n % 20 === 0) await sleep(10);
  }
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  const guests = 'bondherald_guests{bond="bond0",source="libvirt"}';
  await until(async () => (await scene.daemon.metric(guests)) === 1, { what: 'the guest is known' });
  rmSync('/run/libvirt', { recursive: true });
  await until(async () => ((await scene.daemon.metric(guests)) ?? 0) === 0, { what: 'the guest is gone' });
  await allIsWell('files that changed while they were read');
});

test('a thread that hears nothing for seconds is told of by /healthz', async () => {
  const end = await inject(scene.daemon.pid, 'bh-failover', 'recvfrom', 'delay_enter=3000000');
  await assert.rejects(scene.daemon.get('/healthz'), /503 .*failover thread/s);
  end();
  await until(() => scene.daemon.get('/healthz').catch(() => null), { what: 'it is well again' });
  await allIsWell('a thread that stood still');
});

const THREADS: readonly (readonly [ThreadName, string, RegExp])[] = [
  ['bh-listen', 'poll', /^bondherald: the listening thread ended: .*poll: EIO\n$/],
  ['bh-failover', 'recvfrom', /^bondherald: the failover thread ended: .*recvfrom: EIO\n$/],
];
for (const [thread, call, lastLine] of THREADS) {
  test(`a thread that dies (${thread}) ends the daemon with a line that says so, and the next one knows all`, async () => {
    const { daemon } = scene;
    const end = await inject(daemon.pid, thread, call, 'error=EIO');
    assert.equal(await daemon.ended, 1);
    end();
    assert.match(daemon.stderr.slice(daemon.stderr.trimEnd().lastIndexOf('\n') + 1), lastLine);
    assert.doesNotMatch(daemon.stderr, /^\s+at /m, 'no stack trace');
    await scene.startAgain();
    await scene.daemon.logs(new RegExp(`loaded the state of an earlier run guests=${EVERYONE}`));
    await note();
    await allIsWell(`the end of ${thread}`);
  });
}

test('all that was tried is told', () => {
  const { starts, failovers } = scene.counts;
  console.log(`${failovers} failovers after faults, ${starts} starts; guests lost: 0`);
});
