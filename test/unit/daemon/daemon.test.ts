import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { readConfig } from '../../../src/config/read-config.js';
import { decodeAnswer, encodeRequest } from '../../../src/control/codec.js';
import { Daemon } from '../../../src/daemon/daemon.js';
import { Settings } from '../../../src/daemon/settings.js';
import { AlreadyRunningError } from '../../../src/errors.js';
import { askUnix } from '../../../src/sys/unix/unix-client.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeSurroundings } from '../../support/fake-surroundings.js';
import { FakeHost } from '../../support/host.js';

const GUEST = '52:54:00:00:00:01';
const config = (announce: string): string => `
guests: {limits: {total: 16, perPort: 16}}
metrics: {listen: "off", textfile: /nowhere/bondherald.prom}
announce: {schedule: [0s, 1.1s, 3s]${announce}}
`;

/** A daemon that is ready, on a host with a guest behind an active-backup bond whose link up1 is active. */
async function start(t: TestContext, announce = '') {
  const host = new FakeHost(plainBridge(1));
  const around = new FakeSurroundings(t, host);
  around.kernel.rows.push(host.fdb(GUEST, 'tap1'));
  const settings = new Settings(readConfig({ name: 'bondherald.yaml', bytes: Buffer.from(config(announce)) }));
  const daemon = Daemon.build(settings, around);
  assert.deepEqual([around.story, around.clock.waiting], [[], 0], 'built, it has done nothing yet');
  const stop = new AbortController();
  const running = daemon.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    for (let turns = 0; turns < 5; turns++) await around.settle();
    await running;
  };
  t.after(end);
  for (let tries = 0; !around.isReady; tries++) {
    assert.ok(tries < 1000, `not ready: ${around.story.join('\n')}`);
    await around.settle();
  }
  return { host, around, end };
}

type Started = Awaited<ReturnType<typeof start>>;

/** The cable of the active link is pulled, and the bond takes the other: in the order in which the kernel says so. */
function failOver({ host, around }: Started, from = 'up1', to = 'up2'): void {
  const details = { type: 'bond', mode: 1, activeSlave: host.index(to), arpInterval: 0 } as const;
  around.link(
    host.change(from, { lowerUp: false }),
    host.change(to, { bondSlaveActive: true }),
    host.change(from, { bondSlaveActive: false }),
    host.change(BOND, { details }),
  );
}

async function status({ around }: Started, name = BOND) {
  const asked = askUnix(around.controlSocket, encodeRequest({ op: 'status' }), {
    answerBytes: 1 << 20,
    silentSeconds: 5,
  });
  const answer = decodeAnswer<'status'>('status', await asked);
  assert.ok('result' in answer);
  const bond = answer.result.bonds.find((each) => each.bond === name);
  return bond ?? assert.fail(`no ${name}`);
}

const value = (text: string | null, name: string): string | undefined =>
  text
    ?.split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1);

test('a cable is pulled: first burst, log, history, text file and state file, through the real wiring', async (t) => {
  const started = await start(t);
  const { around } = started;
  await around.after(5);
  assert.deepEqual(around.saved.at(-1), { [BOND]: 'up1' });
  assert.deepEqual((await status(started)).guests, { announced: 1, suppressed: {} });
  around.story.length = 0;

  failOver(started);
  assert.deepEqual(around.story, [`first burst: ${GUEST}`], 'before anybody else hears of it');
  await around.settle();
  assert.match(around.story[1] ?? '', /^info: failover announced bond=bond0 active_slave=up2 frames=1 refused=0 /);
  assert.equal(around.saved.at(-1)?.[BOND], null, 'saved at once, as one whose announcement is not over');
  const [record] = (await status(started)).lastFailovers;
  assert.deepEqual([record?.from, record?.to, record?.sent.rarp, record?.result], ['up1', 'up2', 1, null]);

  await around.after(1);
  assert.equal(value(around.textfile, 'bondherald_bond_failovers_total{bond="bond0"}'), '1');
  assert.equal(value(around.textfile, 'bondherald_bond_active_slave{bond="bond0",slave="up2"}'), '1');
  await around.after(5);
  assert.equal(around.slices, 2, 'the two later rounds');
  assert.match(around.story.at(-1) ?? '', /^info: announcement finished bond=bond0 result=completed rarp=3 /);
  const [over] = (await status(started)).lastFailovers;
  assert.deepEqual([over?.result, over?.sent.rarp, over?.rounds.length], ['completed', 3, 3]);
  assert.equal(around.saved.at(-1)?.[BOND], 'up2');
});

test('a guest that comes while an announcement lasts has its turn at once; the service manager is told where it leaves', async (t) => {
  const started = await start(t);
  const { host, around } = started;
  failOver(started);
  await around.settle();
  around.fdb(host.fdb('52:54:00:00:00:02', 'tap1'));
  await around.settle();
  assert.equal(around.slices, 1, 'before the next round');
  assert.equal((await status(started)).lastFailovers[0]?.sent.rarp, 2);
  await around.after(5);
  assert.equal(around.told.at(-1), 'STATUS=2 guests behind bond0 (up2)');
});

test('a bond that fails over in the moment in which it comes is known by then: the host is looked at first', async (t) => {
  const started = await start(t);
  const { host, around } = started;
  const [up3, up4] = ['up3', 'up4'].map((name) => host.add(name, { type: 'other', kind: null }));
  const bondOn = (activeSlave = 0) => ({ type: 'bond', mode: 1, activeSlave, arpInterval: 0 }) as const;
  const master = host.add('bond1', bondOn(up3));
  const slaves = ['up3', 'up4'].map((name) => host.change(name, { master, bondSlaveActive: name === 'up3' }));
  around.link(...slaves, host.get('bond1'), host.change('bond1', { details: bondOn(up4) }));
  await setImmediate(); // the failover thread's report is here, what the kernel said is not looked at yet
  await around.settle();
  const { failovers, lastFailovers } = await status(started, 'bond1');
  assert.deepEqual([failovers, lastFailovers[0]?.to], [1, 'up4']);
});

test('both links are lost: the announcement ends, the log says so, and the next slave is announced', async (t) => {
  const started = await start(t);
  const { host, around } = started;
  failOver(started);
  await around.settle();
  around.story.length = 0;
  const dark = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
  around.link(host.change('up2', { lowerUp: false }), host.change(BOND, { details: dark, lowerUp: false }));
  await around.settle();
  assert.deepEqual(around.story.map((line) => line.split(' seconds=')[0]).sort(), [
    'info: announcement finished bond=bond0 result=no-active-slave rarp=1 garp=0 na=0 mcast=0 refused=0',
    'warn: bond has no working link bond=bond0',
  ]);
  assert.equal((await status(started)).activeSlave, null);
});

test('a bond that fails over too often is announced when its window opens, without a message of the kernel', async (t) => {
  const started = await start(t, ', damping: {failovers: 1, within: 60s, holdOff: 30s}');
  const { host, around } = started;
  failOver(started);
  await around.after(10);
  host.change('up1', { lowerUp: true });
  failOver(started, 'up2', 'up1');
  await around.settle();
  assert.match(
    around.story.at(-1) ?? '',
    /^warn: failover not announced yet: the bond fails over too often bond=bond0/,
  );
  assert.equal(around.saved.at(-1)?.[BOND], null);
  around.story.length = 0;
  await around.after(60);
  assert.equal(around.story[0], `first burst: ${GUEST}`);
  assert.match(around.story[1] ?? '', /failover announced .*delayed=true/);
});

test('a second daemon ends before it has opened anything else; at the end nothing is left', async (t) => {
  const started = await start(t);
  const { around, end } = started;
  assert.deepEqual(around.told, ['READY=1 STATUS=1 guest behind bond0 (up1)']);
  const second = new FakeSurroundings(t, new FakeHost(plainBridge(1)), around.controlSocket);
  const daemon = Daemon.build(new Settings(readConfig(null)), second);
  await assert.rejects(daemon.run(new AbortController().signal), AlreadyRunningError);
  assert.deepEqual([second.opened, second.story, second.clock.waiting], [0, [], 0]);
  assert.equal((await status(started)).activeSlave, 'up1', 'the first goes on');
  await end();
  assert.equal(around.story.at(-1), 'info: stopped');
  assert.deepEqual([around.textfile, around.clock.waiting], [null, 0], 'neither a file nor a timer');
  await assert.rejects(status(started));
});
