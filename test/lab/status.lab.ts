import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { CONTROL_GROUP, CONTROL_SOCKET } from '../../src/config/constants.js';
import type { BondStatus, StatusReport } from '../../src/control/status.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, labWithDaemon, runIn, SCRATCH } from './net/daemon.js';
import { type Lab, labFor } from './net/lab.js';
import { untilSettled } from './net/mirror.js';

async function page(): Promise<string> {
  const { code, stdout, stderr } = await runIn([BONDHERALD, 'status']);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function report(): Promise<StatusReport & { readonly bond: BondStatus }> {
  const { code, stdout, stderr } = await runIn([BONDHERALD, 'status', '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  const answer = JSON.parse(stdout) as StatusReport;
  const [bond] = answer.bonds;
  assert.ok(bond && answer.bonds.length === 1);
  return { ...answer, bond };
}

function withoutDaemon(lab: Lab): BondStatus {
  return {
    bond: 'bond0',
    mode: 'active-backup',
    monitoring: { miimon: 100, arpInterval: 0 },
    activeSlave: 'up1',
    slaves: [
      { slave: 'up1', up: true, carrier: true, state: 'active' },
      { slave: 'up2', up: true, carrier: true, state: 'backup' },
    ],
    guests: { announced: lab.guests.length, suppressed: {} },
    failovers: null,
    listening: null,
    standby: null,
    lastFailovers: [],
  };
}

test('status tells of bonds, links and the last failover: without a daemon, before a failover, while it is announced, after', async (t) => {
  const lab = await labFor(t, { bond: { miimon: 100 } });
  const { daemon: none, bond: seen } = await report();
  assert.deepEqual([none, seen], [null, withoutDaemon(lab)]);
  assert.match(
    await page(),
    /^no daemon is running: guests will not be announced at a failover; to start it: systemctl start bondherald\n\nbond0: active-backup, miimon 100 ms, active link up1\n/,
  );

  const [schedule, rate] = ['[0s, 1s, 4s]', '{rarp: {rate: 2000, burst: 1000}}'];
  writeFileSync(`${SCRATCH}.yaml`, `announce: {schedule: ${schedule}, jitter: 0, rate: ${rate}}`);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', `${SCRATCH}.yaml`, '--log', 'json']);
  await untilSettled(daemon);
  const before = await report();
  assert.ok(before.daemon && Math.abs(before.daemon.started - Date.now() / 1000) < 60);
  const quiet = { state: 'unknown', reason: 'quiet', proven: null, missed: 0, arrivesWith: null } as const;
  const standby = [{ link: 'up2', deaf: null, vlans: [{ vlans: [], guests: lab.guests.length, ...quiet }] }];
  assert.deepEqual(before.bond, { ...seen, failovers: 0, listening: { how: 'mirror', reason: null }, standby });

  const watch = await Daemon.start(lab, ['sh', '-c', 'echo ready >&2; exec "$0" status --watch', BONDHERALD]);
  await until(() => /^ {2}failovers: none since the start$/m.test(watch.stdout), {
    what: 'the watch shows its first page',
  });
  const cut = Date.now() / 1000;
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await daemon.logs(/"msg":"failover announced"/);
  const running = (await report()).bond;
  const [record] = running.lastFailovers;
  assert.ok(record);
  assert.deepEqual([running.activeSlave, running.failovers, record.from, record.to], ['up2', 1, 'up1', 'up2']);
  assert.deepEqual(
    running.slaves.map(({ carrier, state }) => [carrier, state]),
    [
      [false, 'backup'],
      [true, 'active'],
    ],
  );
  assert.ok(record.time >= cut - 1 && record.time < cut + 20);
  await until(() => /running: round \d of 3$/m.test(watch.stdout), { what: 'the watch shows it running' });

  await daemon.logs(/"msg":"announcement finished"/);
  const over = (await report()).bond.lastFailovers[0];
  assert.ok(over && over.firstFrame !== null && over.lastRarp !== null && over.seconds !== null);
  assert.ok(over.firstFrame <= over.lastRarp && over.lastRarp < 0.5 && over.seconds >= 4);
  const guests = lab.guests.length;
  assert.deepEqual([over.result, over.sent.rarp, over.refused], ['completed', 3 * guests, {}]);
  assert.deepEqual(
    over.rounds.map(({ round, sent }) => [round, sent.rarp]),
    [1, 2, 3].map((round) => [round, guests]),
  );
  assert.deepEqual(
    over.rounds.map(({ start }) => Math.floor(start)),
    [0, 1, 4],
  );
  assert.match(
    await page(),
    /last failover: [-\d]+ [:\d]+ UTC, \d+s ago: up1 -> up2\n {4}first frame after \d+ µs, last/,
  );
  await until(() => /completed: all rounds were sent/.test(watch.stdout), { what: 'the watch shows its end' });
  await watch.stop();
  assert.ok(!watch.stdout.includes('\x1b'), 'no terminal, no escape sequences');
  const pages = watch.stdout.split(/^bondherald .*\n/m).slice(1);
  const timeless = pages.map((text) => text.replaceAll(/\d+s ago/g, ''));
  assert.equal(new Set(timeless).size, timeless.length, 'a page only when something changed');

  for (const line of daemon.stderr.trimEnd().split('\n')) assert.ok('msg' in (JSON.parse(line) as object), line);
  await daemon.stop();
});

test('a failover that is held back says so and until when', async (t) => {
  const config = 'announce: {schedule: [0s], damping: {failovers: 1, within: 60s, holdOff: 1s}}';
  const { lab, daemon } = await labWithDaemon(t, { config });
  await lab.setActive('up2');
  await daemon.logs(/announcement finished/);
  await lab.setActive('up1');
  await daemon.logs(/failover not announced yet/);
  const { failovers, lastFailovers } = (await report()).bond;
  assert.deepEqual(
    lastFailovers.map(({ from, to, result, sent }) => [from, to, result, sent.rarp]),
    [
      ['up2', 'up1', 'damped', 0],
      ['up1', 'up2', 'completed', lab.guests.length],
    ],
  );
  assert.equal(failovers, 2);
  const heldBack = lastFailovers[0]?.heldBack ?? 0;
  assert.ok(heldBack > 40 && heldBack <= 60);
  assert.match(await page(), /damped: not announced, the bond fails over too often; waiting (1m0s|\d\ds)$/m);
});

/** A client of the control socket that does not play by the rules. */
function hostile(lab: Lab, say: (socket: Socket) => void): Socket {
  const socket = connect({ path: CONTROL_SOCKET });
  socket.on('error', () => undefined);
  lab.onDestroy(() => socket.destroy());
  socket.once('connect', () => say(socket));
  return socket;
}

test('clients that hang, drip, send rubbish or take no answer hold no failover up, and others are served', async (t) => {
  const { lab } = await labWithDaemon(t);
  const line = (op: object): string => `${JSON.stringify({ v: 1, ...op })}\n`;
  for (let n = 0; n < 400; n++) hostile(lab, () => undefined);
  for (let n = 0; n < 5; n++) {
    const dripping = hostile(lab, (socket) => socket.write('{'));
    const drip = setInterval(() => dripping.write('x'), 100);
    lab.onDestroy(() => clearInterval(drip));
    hostile(lab, (socket) => socket.write(Buffer.alloc(1 << 20, 0xff)));
    hostile(lab, (socket) => socket.write(line({ op: 'reboot', bond: '\x1b[2J' })));
    hostile(lab, (socket) => socket.write(line({ op: 'guests' }))).pause();
  }
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
  const { daemon, bond } = await report();
  assert.notEqual(daemon, null, 'the daemon answers');
  assert.equal(bond.lastFailovers[0]?.to, 'up2');
});

test('members of the group may ask the daemon, also one that runs as its own user; nobody else may', async (t) => {
  const lab = await labFor(t);
  const [user, group, member] = ['47110', '47111', '47112'];
  const [groups, folder] = [`${SCRATCH}.group`, CONTROL_SOCKET.slice(0, CONTROL_SOCKET.lastIndexOf('/'))];
  writeFileSync(groups, `root:x:0:\n${CONTROL_GROUP}:x:${group}:\n`);
  const bound = `mount --bind ${groups} /etc/group && exec "$@"`; // in the mount namespace of ip netns exec
  const caps = ['--inh-caps=-all,+net_raw,+net_admin', '--ambient-caps=+net_raw,+net_admin'];
  const drop = ['setpriv', `--reuid=${user}`, '--regid=65534', `--groups=${group}`, ...caps];
  const prepare = `mkdir -p ${folder} /var/lib/bondherald && chown ${user} ${folder} /var/lib/bondherald`;
  await runIn(['sh', '-c', prepare]);
  for (const [who, owner] of [
    [[], 0],
    [drop, Number(user)],
  ] as const) {
    const daemon = await Daemon.start(lab, ['sh', '-c', bound, 'sh', ...who, BONDHERALD, 'run']);
    const { uid, gid, mode } = statSync(CONTROL_SOCKET);
    assert.deepEqual([uid, gid, mode & 0o777], [owner, Number(group), 0o660], daemon.stderr);
    const as = (gids: string) => ['setpriv', `--reuid=${member}`, `--regid=${member}`, gids, '--inh-caps=-all'];
    const insider = await runIn([...as(`--groups=${group}`), BONDHERALD, 'status', '--json']);
    assert.deepEqual([insider.code, insider.stderr], [0, '']);
    assert.notEqual((JSON.parse(insider.stdout) as StatusReport).daemon, null);
    if (who === drop) {
      await daemon.stop();
      continue;
    }
    const outsider = await runIn([...as('--clear-groups'), BONDHERALD, 'status']);
    assert.equal(outsider.code, 0);
    assert.match(outsider.stdout, /^read from the kernel\n/);
    assert.match(outsider.stderr, /cannot ask the daemon, so the last failovers are missing: [^\n]*EACCES\n$/);
    await daemon.stop();
  }
});
