import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { FrameError } from '../../../src/errors.js';
import { BatchMemories, IDLE, SENDING, START } from '../../../src/wire/batch-memory.js';
import { BatchReader } from '../../../src/wire/burst.js';
import { BatchWriter } from '../../../src/wire/batch-writer.js';
import { editionFrame, type HammerOrder, WORDS } from '../../support/batch-hammer.js';
import { AddressSpace } from '../../support/batch-memory.js';

function open(capacity: number) {
  const writer = new BatchWriter(capacity);
  const reader = new BatchReader(writer.memory, capacity);
  const space = new AddressSpace(writer.memory);
  const published = (): Buffer[] =>
    reader.read((messages, count) => space.frames(messages, count)).map((bytes) => Buffer.from(bytes));
  return { writer, reader, published };
}

const frame = (fill: number, length = 60): Uint8Array => new Uint8Array(length).fill(fill);
const sorted = (frames: Iterable<Uint8Array>): string[] =>
  [...frames].map((f) => Buffer.from(f).toString('hex')).sort();

test('memory that another batch has used has nothing of it, and no more is taken than there are batches at a time', () => {
  const memories = new BatchMemories(3);
  const one = new BatchWriter(3, memories.take());
  for (const key of ['a', 'b', 'c']) one.put(key, frame(1));
  for (let n = 0; n < 2; n++) {
    one.put('a', frame(n));
    one.publish();
  }
  one.startWith('c');
  memories.giveBack(one);
  const other = new BatchWriter(3, memories.take());
  assert.equal(other.memory, one.memory);
  const reader = new BatchReader(other.memory, 3);
  const count = (): number => reader.read((_, frames) => frames);
  assert.equal(count(), 0);
  assert.equal(new Int32Array(other.memory)[START], 0);
  other.put('d', frame(4));
  other.publish();
  const space = new AddressSpace(other.memory);
  assert.deepEqual(sorted(reader.read((messages, frames) => space.frames(messages, frames))), sorted([frame(4)]));
  assert.notEqual(memories.take().memory, one.memory);
});

test('a batch that nobody has filled sends nothing', () => {
  const { published } = open(3);
  assert.deepEqual(published(), []);
});

test('frames are sent once they are published, and not before', () => {
  const { writer, published } = open(3);
  writer.put('a', frame(1));
  assert.deepEqual(published(), []);
  assert.equal(writer.publish(), true);
  assert.deepEqual(sorted(published()), sorted([frame(1)]));
  writer.remove('a');
  writer.put('b', frame(2, 64));
  assert.deepEqual(sorted(published()), sorted([frame(1)]));
  writer.publish();
  assert.deepEqual(sorted(published()), sorted([frame(2, 64)]));
});

test('a full batch turns a newcomer away, still takes a change, and has room again after a farewell', () => {
  const { writer, published } = open(2);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key, i) => writer.put(key, frame(i))),
    [true, true, false],
  );
  assert.equal(writer.put('b', frame(9)), true);
  writer.remove('a');
  assert.equal(writer.put('c', frame(3)), true);
  writer.publish();
  assert.deepEqual(sorted(published()), sorted([frame(9), frame(3)]));
});

test('a frame that does not fit its slot is refused, and the longest that the host can make does fit', () => {
  const { writer } = open(1);
  assert.throws(() => writer.put('a', frame(1, 200)), FrameError);
  assert.equal(writer.bytes('a'), null);
});

interface Step {
  readonly do: 'put' | 'remove' | 'publish';
  readonly key: string;
  readonly fill: number;
  readonly length: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('put', 'put', 'put', 'remove', 'remove', 'publish'),
  key: fc.constantFrom(...'abcdefgh'),
  fill: fc.nat(255),
  length: fc.constantFrom(60, 64, 68),
});

test('after any sequence of changes the published frames are those of a plain map, whole and each once', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 100, size: 'max' }),
      fc.integer({ min: 1, max: 9 }),
      (steps, capacity) => {
        const { writer, published } = open(capacity);
        const model = new Map<string, Uint8Array>();
        let visible: Uint8Array[] = [];
        for (const { do: what, key, fill, length } of steps) {
          if (what === 'put') {
            const fits = model.has(key) || model.size < capacity;
            if (fits) model.set(key, frame(fill, length));
            assert.equal(writer.put(key, frame(fill, length)), fits);
          } else if (what === 'remove') {
            model.delete(key);
            writer.remove(key);
          } else {
            assert.equal(writer.publish(), true);
            visible = [...model.values()];
          }
          assert.deepEqual([...writer.keys()].sort(), [...model.keys()].sort());
          assert.equal(writer.size, model.size);
          assert.deepEqual(sorted(published()), sorted(visible));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a full batch whose frames are all others in each edition never needs more memory than it has', () => {
  const { writer, reader, published } = open(4);
  for (let edition = 0; edition < 20; edition++) {
    const keys = [0, 1, 2, 3].map((n) => `${edition % 2 ? n : n + 10}`);
    for (let times = 0; times < 3; times++) {
      for (const key of [...writer.keys()]) if (!keys.includes(key)) writer.remove(key);
      for (const key of keys) writer.put(key, frame(edition));
    }
    reader.read(() => assert.equal(writer.publish(), true));
    assert.deepEqual(sorted(published()), sorted(keys.map(() => frame(edition))));
  }
});

test('while frames are being sent, the next edition can be published, but not the one after it over their heads', () => {
  const { writer, reader, published } = open(2);
  writer.put('a', frame(1));
  writer.publish();
  reader.read(() => {
    writer.put('a', frame(2));
    assert.equal(writer.publish(), true, 'the other generation is free');
    writer.put('a', frame(3));
    assert.equal(writer.publish(), false, 'this one is being sent from');
    assert.equal(writer.publish(), false);
  });
  assert.deepEqual(sorted(published()), sorted([frame(2)]));
  assert.equal(writer.publish(), true);
  assert.deepEqual(sorted(published()), sorted([frame(3)]));
});

test('frames that are being sent stay as they are, whatever is published meanwhile', () => {
  const { writer, reader } = open(2);
  const space = new AddressSpace(writer.memory);
  writer.put('a', frame(1));
  writer.publish();
  reader.read((messages, count) => {
    const before = sorted(space.frames(messages, count));
    for (let i = 2; i < 6; i++) {
      writer.put('a', frame(i));
      writer.put('b', frame(i));
      writer.publish();
      assert.deepEqual(sorted(space.frames(messages, count)), before);
    }
  });
});

test("an edition that is published between the sender's look and its claim is the one that is sent", (t) => {
  const { writer, reader } = open(1);
  const space = new AddressSpace(writer.memory);
  writer.put('a', frame(1));
  writer.publish();
  const store = Atomics.store.bind(Atomics) as (words: Int32Array, index: number, value: number) => number;
  let claims = 0;
  t.mock.method(Atomics, 'store', (words: Int32Array, index: number, value: number) => {
    if (index === SENDING && value !== IDLE && claims++ === 0) {
      writer.put('a', frame(2));
      assert.equal(writer.publish(), true);
    }
    return store(words, index, value);
  });
  const sent = reader.read((messages, count) => space.frames(messages, count));
  assert.deepEqual(sorted(sent), sorted([frame(2)]));
  assert.equal(claims, 2);
});

test('a sender that fails leaves the batch free for the next edition', () => {
  const { writer, reader, published } = open(1);
  const broken = (): never => {
    throw new Error('the link is gone');
  };
  for (let i = 0; i < 4; i++) {
    writer.put('a', frame(i));
    assert.equal(writer.publish(), true);
    assert.throws(() => reader.read(broken), /the link is gone/);
  }
  assert.deepEqual(sorted(published()), sorted([frame(3)]));
});

test('publishing without a change does nothing, also while frames are being sent', () => {
  const { writer, reader } = open(1);
  writer.put('a', frame(1));
  writer.publish();
  reader.read(() => assert.equal(writer.publish(), true));
});

test('a thread that reads all the time never sees two editions mixed', async (t) => {
  const capacity = 64;
  const writer = new BatchWriter(capacity);
  const words = new Int32Array(new SharedArrayBuffer(16));
  const order: HammerOrder = { memory: writer.memory, capacity, words };
  const worker = new Worker(new URL('../../support/batch-hammer.js', import.meta.url), { workerData: order });
  t.after(() => worker.terminate());
  await once(worker, 'message');

  const ENOUGH = { published: 2000, editions: 300 };
  let edition = 0;
  /** Lets the reader finish what it reads, however long it has to wait for its turn. */
  const letRead = (): boolean =>
    Atomics.wait(words, WORDS.reads, Atomics.load(words, WORDS.reads), 30_000) !== 'timed-out';
  while (edition < ENOUGH.published || Atomics.load(words, WORDS.editions) < ENOUGH.editions) {
    if (edition >= ENOUGH.published) assert.ok(letRead(), 'the reader reads no more');
    if (!writer.publish()) {
      assert.ok(letRead(), 'the reader reads no more');
      continue;
    }
    edition++;
    const count = 1 + (edition % capacity);
    for (let i = 0; i < count; i++) writer.put(`${i}`, editionFrame(edition, count));
    for (let i = count; i < capacity; i++) writer.remove(`${i}`);
  }
  Atomics.store(words, WORDS.stop, 1);
  await once(worker, 'exit');
  assert.equal(Atomics.load(words, WORDS.torn), 0);
});

test('the memory of a batch is locked, and what no frame has touched takes none', () => {
  const status = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
  const before = { locked: status('VmLck'), resident: status('VmRSS') };
  const batch = new BatchWriter(65_536);
  const kilobytes = batch.memory.byteLength / 1024;
  if (batch.unlocked === null) assert.ok(status('VmLck') - before.locked >= Math.floor(kilobytes));
  else assert.match(batch.unlocked, /^(EPERM|ENOMEM)$/, 'the limit of this machine is below what we need');
  assert.ok(status('VmRSS') - before.resident < kilobytes / 2);
});
