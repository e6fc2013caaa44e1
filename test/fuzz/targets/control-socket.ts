import assert from 'node:assert/strict';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { decodeAnswer } from '../../../src/control/codec.js';
import type { ManualTools } from '../../../src/wire/announce-by-hand.js';
import { ControlServer } from '../../../src/daemon/control-server.js';
import { FailoverHistory } from '../../../src/host/history.js';
import { SyscallError } from '../../../src/errors.js';
import { GroupTable } from '../../../src/groups/group-table.js';
import { HostState } from '../../../src/guests/host-state.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { newBuckets } from '../../../src/plan/bond-plan.js';
import { systemClock } from '../../../src/sys/clock.js';
import { plainBridge } from '../../lab/net/hypervisor.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { converse } from '../engine/converse.js';
import { scratchFolder } from '../engine/scratch.js';
import { oddValues } from '../engine/json.js';
import { bytesOf, type Target } from '../engine/target.js';
import { JSON_TOKENS, REQUESTS } from './request.js';
import { byMirror } from '../../support/hearing.js';

/** Told by the server; anything in it is something that nobody foresaw. */
const troubles: string[] = [];

/** The daemon's own server, of a host with a guest, by which nothing can be sent. */
function newServer(): ControlServer {
  const fake = new FakeHost(plainBridge(1));
  const host = new HostState(guestSettings({ total: 10, perPort: 64, remember: 60 }));
  for (const event of [...fake.dump(), fake.fdb('52:54:00:00:00:01', 'tap1')]) host.apply(event, 0);
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (text: string, fields?: object) => void troubles.push(`${text} ${JSON.stringify(fields)}`),
  };
  const page = () => Promise.resolve('<!DOCTYPE html>');
  const history = new FailoverHistory(systemClock, host.topology, 6);
  const metrics = new Metrics(new Registry());
  const groups = new GroupTable(1);
  const tools = { groups, clock: systemClock, log, metrics, history, page, hearingOf: byMirror, standbyOf: () => [] };
  const manual: ManualTools = {
    settings: ANNOUNCE_DEFAULTS,
    clock: systemClock,
    openPort: () => {
      throw new SyscallError('socket', 'EPERM', 'a port');
    },
    bucketsOf: () => newBuckets(ANNOUNCE_DEFAULTS.rate),
    watchOver: () => () => true,
    reportsOf: () => [],
    refresh: () => undefined,
  };
  return new ControlServer(host, new Map(), tools, manual, () => Promise.resolve());
}

/** One line or nothing: an answer of the right shape, or an error with a code that is documented. */
function assertAnswer(got: Buffer): void {
  if (got.length === 0) return;
  assert.equal(got.indexOf('\n'), got.length - 1, 'one line');
  const { error } = JSON.parse(got.toString()) as { error?: { code: string } };
  if (error) assert.notEqual(error.code, 'INTERNAL');
  const readable = (['guests', 'announce', 'status', 'page'] as const).some((op) => {
    try {
      return decodeAnswer(op, got) !== null;
    } catch {
      return false;
    }
  });
  assert.ok(readable, 'an answer that no command can read');
}

/** Only the main thread can set a mask. Nobody else gets into the folder anyway. */
function withoutMask(): void {
  if (!isMainThread) process.umask = () => 0o077;
}

export const target = async (): Promise<Target> => {
  const folder = scratchFolder();
  const file = path.join(folder.path, 'control.sock');
  const server = newServer();
  withoutMask();
  await server.listen(file);
  return {
    corpus: REQUESTS.map(bytesOf),
    generated: oddValues(REQUESTS.map(bytesOf)).map((bytes) => new Uint8Array([...bytes, 0x0a])),
    tokens: JSON_TOKENS,
    maxBytes: 70_000,
    run: async (bytes) => {
      assertAnswer(await converse({ path: file }, bytes));
      assert.deepEqual(troubles.splice(0), []);
    },
    close: () => {
      server.close();
      folder.remove();
    },
  };
};
