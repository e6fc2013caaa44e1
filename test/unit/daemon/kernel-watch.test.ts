import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KernelWatch } from '../../../src/daemon/kernel-watch.js';
import type { Tools } from '../../../src/daemon/surroundings.js';
import { newHostState } from '../../../src/guests/host-state.js';
import { readConfig } from '../../../src/config/read-config.js';
import { HOST_TABLES } from '../../../src/kernel/table-dumps.js';
import type { RouteListener } from '../../../src/sys/netlink/route-socket.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { fdbMessage } from '../../support/fake-kernel.js';
import { FakeHost } from '../../support/host.js';
import { message, result } from '../../support/netlink.js';

const DONE = 3;
const NLMSG_ERROR = 2;
const EBUSY = 16;

test('a bridge that takes minutes to be read is read once, to its end', async () => {
  const clock = new FakeClock();
  const host = newHostState(readConfig({ name: 'F', bytes: Buffer.from(`bonds: [${BOND}]`) }).config);
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const tools = { clock, log: silent, metrics: { count: () => undefined }, events: new Events<DaemonEvents>() };
  const dumps: number[] = [];
  const listeners: RouteListener[] = [];
  const say = (type: number, seq: number, errno = 0): void =>
    listeners[0]?.datagram(message({ type, seq }, result(errno)));
  const watch = new KernelWatch(host, { ...tools, chance: () => 0 } as unknown as Tools, (_, listener) => {
    listeners.push(listener);
    return {
      // As the kernel: one dump a socket at a time. All but the last table are told at once.
      send(request) {
        const [type, seq] = [Buffer.from(request).readUInt16LE(4), Buffer.from(request).readUInt32LE(8)];
        if (seq > 1000) return; // no dump of the host's tables
        dumps.push(seq);
        if (dumps.length > HOST_TABLES.length) return queueMicrotask(() => say(NLMSG_ERROR, seq, -EBUSY));
        if (type !== 30) queueMicrotask(() => say(DONE, seq));
      },
      drops: () => 0,
      close: () => undefined,
    };
  });
  const stop = new AbortController();
  const over = watch.run(stop.signal);
  let isReady = false;
  void watch.ready.then(() => (isReady = true));
  await turn();
  const fdb = dumps.at(-1) ?? 0;
  const row = new FakeHost(plainBridge(1)).fdb('52:54:00:00:00:01', 'tap1');
  for (let seconds = 0; seconds < 180; seconds++) {
    listeners[0]?.datagram(fdbMessage(row, fdb));
    clock.advance(1);
    await turn();
  }
  assert.deepEqual([dumps.length, isReady], [HOST_TABLES.length, false]);
  say(DONE, fdb);
  clock.advance(0);
  await turn();
  assert.equal(isReady, true);
  stop.abort();
  await over;
});
