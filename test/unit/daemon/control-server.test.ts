import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import type { Mac } from '../../../src/addr/mac.js';
import { ask } from '../../../src/cli/ask.js';
import type { Output } from '../../../src/cli/output.js';
import { statusHtml } from '../../../src/cli/status.js';
import { decodeAnswer } from '../../../src/control/codec.js';
import type { ManualTools } from '../../../src/wire/announce-by-hand.js';
import { ControlServer } from '../../../src/daemon/control-server.js';
import { FailoverHistory } from '../../../src/host/history.js';
import { AlreadyRunningError, DaemonError, UsageError } from '../../../src/errors.js';
import { GroupTable } from '../../../src/groups/group-table.js';
import { HostState } from '../../../src/guests/host-state.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { type Clock, systemClock } from '../../../src/sys/clock.js';
import { askUnix } from '../../../src/sys/unix/unix-client.js';
import { Deferred } from '../../../src/tasks/deferred.js';
import { until } from '../../support/until.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { newBuckets } from '../../../src/plan/bond-plan.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { guestSettings } from '../../support/settings.js';
import { byMirror } from '../../support/hearing.js';

const GUEST = '52:54:00:00:00:01' as Mac;

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

function daemon(t: TestContext, clock: Clock = systemClock) {
  const fake = new FakeHost(plainBridge(1));
  const host = new HostState(guestSettings({ total: 10, perPort: 64, remember: 60 }));
  for (const event of [...fake.dump(), fake.fdb(GUEST, 'tap1')]) host.apply(event, 0);
  host.takeStale();
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (text: string) => void warnings.push(text), error: assert.fail };
  const known = new Deferred();
  const page = () => Promise.resolve('<!DOCTYPE html>');
  const history = new FailoverHistory(systemClock, host.topology, 6);
  const groups = new GroupTable(1);
  const tools = {
    groups,
    clock: systemClock,
    log,
    metrics: new Metrics(new Registry()),
    history,
    page,
    hearingOf: byMirror,
    standbyOf: () => [],
  };
  const manual: ManualTools = {
    settings: ANNOUNCE_DEFAULTS,
    clock,
    openPort: () => assert.fail(),
    bucketsOf: () => newBuckets(ANNOUNCE_DEFAULTS.rate),
    watchOver: () => () => true,
    reportsOf: () => [],
    refresh: () => undefined,
  };
  const server = new ControlServer(host, new Map(), tools, manual, () => known.promise);
  t.after(() => server.close());
  return { fake, host, server, known, warnings };
}

test('a request is answered once the host is known, not before', async (t) => {
  const { server, known } = daemon(t);
  const socket = path.join(folderFor(t), 'control.sock');
  await server.listen(socket);
  let answered = false;
  const asked = ask({ op: 'guests', bond: null }, undefined, socket).finally(() => (answered = true));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, false);
  known.resolve();
  const { result, note } = await asked;
  assert.equal(note, null);
  assert.deepEqual(
    result.bonds.map(({ bond, guests }) => [bond, guests.map(({ mac }) => mac)]),
    [[BOND, [GUEST]]],
  );
});

test('a dry run through the daemon plans what it would send; a mistake comes back as the same error', async (t) => {
  const { server, known } = daemon(t);
  const socket = path.join(folderFor(t), 'control.sock');
  await server.listen(socket);
  known.resolve();
  const request = { op: 'announce', bond: BOND, macs: [], vlan: null, kinds: null, rounds: 1, dryRun: true } as const;
  const { result } = await ask(request, undefined, socket);
  assert.deepEqual(
    [result.activeSlave, result.frames, result.sent],
    ['up1', [{ kind: 'rarp', mac: GUEST, vlan: null, ip: null }], 0],
  );
  await assert.rejects(
    ask({ ...request, bond: 'bond7' }, undefined, socket),
    (error) => error instanceof UsageError && /^bond7: no such device; .*: bond0$/.test(error.message),
  );
});

test('the status page comes by the socket, and without a daemon one line says what is missing', async (t) => {
  const { server, known } = daemon(t);
  const socket = path.join(folderFor(t), 'control.sock');
  const texts: string[] = [];
  const output = { text: (text: string) => void texts.push(text) } as Output;
  const args = { config: undefined, json: false, watch: false };
  await assert.rejects(statusHtml(args, output, socket), {
    code: 'CONTROL_SOCKET',
    message:
      '--html: the daemon makes the page, and cannot be asked: no daemon is running; to start it: systemctl start bondherald',
  });
  await server.listen(socket);
  known.resolve();
  assert.equal(await statusHtml(args, output, socket), 0);
  assert.deepEqual(texts, ['<!DOCTYPE html>']);
});

test('rubbish is answered with an error, and the next client is served', async (t) => {
  const { server, known } = daemon(t);
  const socket = path.join(folderFor(t), 'control.sock');
  await server.listen(socket);
  known.resolve();
  for (const line of ['hello\n', '\n', '{"v":1,"op":"guests","bond":{}}\n', `"${'x'.repeat(70_000)}"\n`]) {
    const answer = decodeAnswer('status', await askUnix(socket, line, { answerBytes: 1 << 20, silentSeconds: 5 }));
    assert.ok('error' in answer && answer.error.code === 'CONTROL_MESSAGE', line.slice(0, 40));
  }
  assert.equal((await ask({ op: 'guests', bond: BOND }, undefined, socket)).note, null);
});

test('a second daemon is refused; where the socket cannot be made, one warns and goes on', async (t) => {
  const folder = folderFor(t);
  const [first, second, third] = [daemon(t), daemon(t), daemon(t)];
  const socket = path.join(folder, 'control.sock');
  await first.server.listen(socket);
  await assert.rejects(second.server.listen(socket), AlreadyRunningError);
  fs.writeFileSync(path.join(folder, 'file'), '');
  await third.server.listen(path.join(folder, 'file', 'control.sock'));
  assert.equal(third.warnings.length, 1);
});

test('closed, the server takes its socket along', async (t) => {
  const { server } = daemon(t);
  const socket = path.join(folderFor(t), 'control.sock');
  await server.listen(socket);
  server.close();
  assert.ok(!fs.existsSync(socket));
});

test('a fifth announcement by hand at once is refused; requests that only look are answered', async (t) => {
  const pending: (() => void)[] = [];
  const { server, known } = daemon(t, { ...systemClock, soon: (task) => void pending.push(task) });
  const socket = path.join(folderFor(t), 'control.sock');
  await server.listen(socket);
  const request = { op: 'announce', bond: BOND, macs: [], vlan: null, kinds: null, rounds: 1, dryRun: true } as const;
  known.resolve();
  const asked = Array.from({ length: 4 }, () => ask(request, undefined, socket));
  await until(() => pending.length === 4, { what: 'four are being carried out' });
  await assert.rejects(
    ask(request, undefined, socket),
    (error) => error instanceof DaemonError && error.daemonCode === 'BUSY' && error.message.startsWith(`${BOND}: `),
  );
  assert.deepEqual((await ask({ op: 'status' }, undefined, socket)).result.bonds[0]?.failovers, 0);
  const goOn = setInterval(() => pending.splice(0).forEach((task) => task()), 5);
  t.after(() => clearInterval(goOn));
  for (const { result } of await Promise.all(asked)) assert.equal(result.frames.length, 1);
  assert.equal((await ask(request, undefined, socket)).result.frames.length, 1, 'there is room again');
});
