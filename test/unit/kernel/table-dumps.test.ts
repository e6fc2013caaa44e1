import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KernelEvent } from '../../../src/kernel/events.js';
import { TableDumps } from '../../../src/kernel/table-dumps.js';
import { message } from '../../support/netlink.js';

const LOST: KernelEvent = { type: 'lost', reason: 'overrun', detail: 'full' };

/** Dumps over a kernel that answers when told to. Families of the requests tell the tables apart. */
function start(tables: ConstructorParameters<typeof TableDumps>[0] = ['links', 'fdb']) {
  const asked: { seq: number; type: number }[] = [];
  const dumps = new TableDumps(tables, (request) => {
    const bytes = Buffer.from(request);
    asked.push({ seq: bytes.readUInt32LE(8), type: bytes.readUInt16LE(4) });
  });
  const seq = (): number => asked.at(-1)?.seq ?? 0;
  return {
    dumps,
    asked,
    done: (interrupted = false) => dumps.take({ type: 'done', seq: seq(), interrupted }),
    refuse: (errno = 16) => dumps.take({ type: 'answer', seq: seq(), errno }),
    lose: () => dumps.take(LOST),
  };
}

/** Answers every request of the running dump. @returns whether it ended as one that can be trusted */
function finish({ done, asked }: ReturnType<typeof start>, spoilt = false): boolean {
  for (;;) {
    const before = asked.length;
    const trusted = done(spoilt);
    if (asked.length === before) return trusted;
  }
}

test('tables are read one after the other, in order, each with a number of its own', () => {
  const { dumps, asked, done } = start(['links', 'bridgePorts', 'fdb']);
  assert.equal(dumps.startIfDue(0), true);
  assert.deepEqual(asked.length, 1);
  assert.deepEqual([done(), done(), done()], [false, false, true]);
  assert.deepEqual(
    asked.map(({ type }) => type),
    [18, 18, 30],
  );
  assert.equal(new Set(asked.map(({ seq }) => seq)).size, 3);
  assert.ok(asked.every(({ seq }) => seq !== 0));
});

test('nothing can be acted on before every table was read once', () => {
  const kernel = start();
  assert.equal(kernel.dumps.complete, false);
  kernel.dumps.startIfDue(0);
  kernel.done();
  assert.equal(kernel.dumps.complete, false);
  kernel.done();
  assert.equal(kernel.dumps.complete, true);
});

test('after a good dump there is no other until one is wanted', () => {
  const kernel = start();
  kernel.dumps.startIfDue(0);
  finish(kernel);
  for (let now = 0; now < 1000; now++) assert.equal(kernel.dumps.startIfDue(now), false);
  kernel.dumps.want();
  assert.equal(kernel.dumps.startIfDue(1000), true);
});

test('however often something is lost, a dump that runs is not started again', () => {
  const { dumps, asked, lose } = start();
  dumps.startIfDue(0);
  for (let now = 0; now < 20; now++) {
    lose();
    assert.equal(dumps.startIfDue(now), false);
  }
  assert.equal(asked.length, 1);
});

test('a dump in which something was lost is not trusted, and follows again', () => {
  const kernel = start();
  kernel.dumps.startIfDue(0);
  kernel.lose();
  assert.equal(finish(kernel), false);
  assert.equal(kernel.dumps.startIfDue(1), true);
  assert.equal(finish(kernel), true);
});

test('a dump that changed under our hands is not trusted, and follows again', () => {
  const kernel = start();
  kernel.dumps.startIfDue(0);
  kernel.done(true);
  assert.equal(kernel.done(false), false);
  assert.equal(kernel.dumps.startIfDue(1), true);
});

test('ends and answers of other requests change nothing', () => {
  const { dumps, asked } = start();
  dumps.startIfDue(0);
  const seq = asked[0]?.seq ?? 0;
  for (const event of [
    { type: 'done', seq: seq + 1, interrupted: false },
    { type: 'done', seq: 0, interrupted: true },
    { type: 'answer', seq: seq - 1, errno: 16 },
    { type: 'answer', seq, errno: 0 },
    { type: 'linkGone', ifindex: 1 },
  ] as const) {
    assert.equal(dumps.take(event), false);
  }
  assert.equal(asked.length, 1);
  assert.equal(dumps.startIfDue(20), false);
});

/** When dumps start, if each one fails in the given way and the time is looked at every half second. */
function startTimes(fail: (kernel: ReturnType<typeof start>) => void, until: number): number[] {
  const kernel = start();
  const times: number[] = [];
  for (let now = 0; now <= until; now += 0.5) {
    if (!kernel.dumps.startIfDue(now)) continue;
    times.push(now);
    fail(kernel);
  }
  return times;
}

const FAILURES: Record<string, (kernel: ReturnType<typeof start>) => void> = {
  'are interrupted': (kernel) => void finish(kernel, true),
  'lose something': (kernel) => {
    kernel.lose();
    finish(kernel);
  },
  'are refused': (kernel) => void kernel.refuse(),
};

for (const [how, fail] of Object.entries(FAILURES)) {
  test(`dumps that ${how} come ever more seldom, and never stop coming`, () => {
    const times = startTimes(fail, 400);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    assert.ok(gaps.every((gap, i) => gap >= (gaps[i - 1] ?? 1)));
    assert.deepEqual(gaps.slice(-3), [32, 32, 32]);
  });
}

test('a good dump ends the waiting: the next trouble is answered at once', () => {
  const kernel = start();
  let now = 0;
  for (; now < 200; now += 0.5) if (kernel.dumps.startIfDue(now)) finish(kernel, true);
  for (; !kernel.dumps.startIfDue(now);) now += 0.5;
  assert.equal(finish(kernel), true);
  kernel.dumps.want();
  assert.equal(kernel.dumps.startIfDue(now + 32), true);
  finish(kernel);
  kernel.dumps.want();
  assert.equal(kernel.dumps.startIfDue(now + 33), true);
});

test('a dump whose end never comes is given up and asked for again', () => {
  const { dumps, asked } = start();
  assert.equal(dumps.startIfDue(0), true);
  dumps.take(LOST); // the datagram that held the end
  let again = 0;
  for (let now = 0; now <= 3600 && again === 0; now += 0.5) if (dumps.startIfDue(now)) again = now;
  assert.ok(again > 0, 'it was waited for in vain');
  assert.equal(asked.length, 2);
});

test('a dump that comes is waited for however long it takes, one that has stopped is not, and notifications are none of it', () => {
  const { dumps, asked } = start();
  dumps.startIfDue(0);
  const part = message({ type: 28, seq: asked[0]?.seq ?? 0 });
  for (let now = 0; now <= 300; now += 0.5) {
    if (now % 20 === 0) assert.equal(dumps.hear(part, now), true);
    assert.equal(dumps.startIfDue(now), false);
  }
  for (const other of [message({ type: 28 }), message({ type: 28, seq: 77 }), new Uint8Array(3)])
    assert.equal(dumps.hear(other, 320), false);
  assert.equal(dumps.startIfDue(329), false);
  assert.equal(dumps.startIfDue(330), true);
  assert.equal(asked.length, 2);
  assert.equal(dumps.hear(part, 330), false, 'of the dump that was given up');
});

test('whatever happens, dumps are at least a second apart and requests are answered before the next', () => {
  const step = fc.constantFrom('tick', 'done', 'interrupted', 'refuse', 'lose', 'want');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const kernel = start();
      const actions = { done: kernel.done, interrupted: () => kernel.done(true), refuse: kernel.refuse };
      let now = 0;
      let last = -Infinity;
      for (const what of steps) {
        const before = kernel.asked.length;
        if (what === 'tick') {
          now += 0.25;
          if (kernel.dumps.startIfDue(now)) {
            assert.ok(now - last >= 1);
            last = now;
          }
        } else if (what === 'lose') kernel.lose();
        else if (what === 'want') kernel.dumps.want();
        else actions[what]();
        assert.ok(kernel.asked.length - before <= 1);
      }
    }),
  );
});

test('a table that this kernel does not have is an empty one', () => {
  const kernel = start(['links', 'forwarding', 'fdb']);
  kernel.dumps.startIfDue(0);
  assert.deepEqual([kernel.done(), kernel.refuse(95), kernel.done()], [false, false, true]);
  assert.equal(kernel.dumps.complete, true);
});
