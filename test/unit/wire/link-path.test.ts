import assert from 'node:assert/strict';
import { Session } from 'node:inspector';
import { test } from 'node:test';
import { BatchWriter } from '../../../src/wire/batch-writer.js';
import type { FailoverOwner } from '../../../src/wire/first-round.js';
import { FailoverWatch } from '../../../src/wire/failover-watch.js';
import { monotonic } from '../../../src/sys/clock.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { FakeKernel, linkMessage } from '../../support/fake-kernel.js';
import { FakeHost } from '../../support/host.js';
import { BOND } from '../../lab/net/hypervisor.js';

/** The sockets at both ends, which are faked here. */
const ENDS = ['sys/netlink/link-socket', 'sys/packets/packet-sender'];

/** The files between them. */
const BETWEEN = [
  'kernel/attributes',
  'kernel/decode',
  'kernel/link',
  'plan/limits',
  'topology/failover',
  'wire/burst',
  'wire/failover-watch',
  'wire/first-round',
];

/** Values and the clock, which every file may use. */
const VALUES = /^(addr\/|errors$|topology\/bond-id$|sys\/clock$)/;

/** Counts which functions run, from its making on. */
class Coverage {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** The files of src/ in which a function was called since the last time, but for those that only hold values. */
  take(): string[] {
    const files: string[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      assert.equal(error, null);
      for (const { url, functions } of result) {
        const file = /\/build\/src\/(.*)\.js$/.exec(url)?.[1];
        const called = functions.some(({ ranges, functionName }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0);
        if (file && called && !VALUES.test(file)) files.push(file);
      }
    });
    return files.sort();
  }

  end(): void {
    this.#session.disconnect();
  }
}

test('a LINK message passes few files on its way to the first frame', (t) => {
  const host = new FakeHost();
  const kernel = new FakeKernel(host);
  const arriving: (Uint8Array | 'nothing')[] = [];
  const orders: ReturnType<FailoverOwner['received']> = [];
  const coverage = new Coverage();
  t.after(() => coverage.end());
  let visited: string[] | null = null;
  let measuring = false;
  const watch = new FailoverWatch({
    owner: { post: () => undefined, received: () => orders.splice(0) },
    socket: {
      descriptor: -1,
      receive() {
        const datagram = arriving.shift() ?? 'nothing';
        if (measuring) coverage.take(); // from here on
        return datagram;
      },
      send: (request) => void arriving.push(...kernel.answer(request)),
      close: () => undefined,
    },
    openSender: () => ({
      send(_, count) {
        if (measuring) visited ??= coverage.take();
        return count;
      },
      close: () => undefined,
    }),
    now: monotonic,
    pause: () => undefined,
    settle: () => null,
    collect: () => undefined,
  });
  const batch = new BatchWriter(4);
  batch.put('a guest', new Uint8Array(60));
  batch.publish();
  const { memory, capacity } = batch;
  const { rate, damping } = ANNOUNCE_DEFAULTS;
  for (let n = 0; n < 6; n++) watch.turn(); // until it knows all links
  orders.push({ type: 'watch', bond: asBond(host.index(BOND)), memory, capacity, rate: rate.rarp, damping });
  watch.turn();
  arriving.push(linkMessage({ ...host.get('up2'), bondSlaveActive: true }));
  measuring = true;
  watch.turn();
  assert.deepEqual(visited, BETWEEN);
  assert.ok(BETWEEN.length + ENDS.length <= 10);
});
