import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PacketSender } from '../../../src/sys/packets/packet-sender.js';
import { sendBurst } from '../../../src/wire/burst.js';

const MESSAGE_BYTES = 64n;
const BASE = 0x10000n;

/** A kernel that answers each call in turn as told, and takes everything when it has nothing more to say. */
class Kernel implements PacketSender {
  readonly calls: { first: number; count: number }[] = [];
  pauses = 0;

  constructor(private readonly answers: (number | string)[] | ((call: number) => number | string | undefined) = []) {}

  send(messages: bigint, count: number): number | string {
    const told = typeof this.answers === 'function' ? this.answers(this.calls.length) : this.answers[this.calls.length];
    assert.equal((messages - BASE) % MESSAGE_BYTES, 0n, 'the address is that of a message');
    this.calls.push({ first: Number((messages - BASE) / MESSAGE_BYTES), count });
    assert.ok(count >= 1 && count <= 1024, `${count} frames in one call`);
    return typeof told === 'number' ? Math.min(told, count) : (told ?? count);
  }

  close(): void {}

  burst(count: number) {
    return sendBurst(this, BASE, count, () => this.pauses++);
  }
}

const MAX_TRIES = 50;

test('a burst goes out in as few calls as the kernel allows', () => {
  for (const [count, calls] of [
    [0, 0],
    [1, 1],
    [1024, 1],
    [1025, 2],
    [10_000, 10],
  ] as const) {
    const kernel = new Kernel();
    assert.deepEqual(kernel.burst(count), { sent: count, errors: {} });
    assert.equal(kernel.calls.length, calls);
  }
});

test('after a partial send, sending goes on with the next frame', () => {
  const kernel = new Kernel([3, 1, 500]);
  assert.deepEqual(kernel.burst(1000), { sent: 1000, errors: {} });
  assert.deepEqual(kernel.calls, [
    { first: 0, count: 1000 },
    { first: 3, count: 997 },
    { first: 4, count: 996 },
    { first: 504, count: 496 },
  ]);
});

test('a full queue is waited for, and then no frame is missing', () => {
  const kernel = new Kernel(['ENOBUFS', 10, 'ENOBUFS', 'ENOBUFS', 'EINTR', 'ENOMEM', 10]);
  assert.deepEqual(kernel.burst(20), { sent: 20, errors: {} });
  assert.equal(kernel.pauses, 5);
});

test('a queue that never drains is given up after a bounded wait, and every frame left is counted', () => {
  const kernel = new Kernel((call) => (call === 0 ? 400 : 'ENOBUFS'));
  assert.deepEqual(kernel.burst(3000), { sent: 400, errors: { ENOBUFS: 2600 } });
  assert.ok(kernel.calls.length <= MAX_TRIES + 1);
});

test('a queue that drains a frame at a time is served to the end', () => {
  const kernel = new Kernel((call) => (call % 40 === 39 ? 1 : 'ENOBUFS'));
  assert.deepEqual(kernel.burst(100), { sent: 100, errors: {} });
});

test('a device that cannot send at all ends the burst at once', () => {
  for (const errno of ['ENETDOWN', 'ENODEV', 'ENXIO', 'EBADF', 'EPERM']) {
    const kernel = new Kernel([2, errno]);
    assert.deepEqual(kernel.burst(5000), { sent: 2, errors: { [errno]: 4998 } });
    assert.deepEqual([kernel.calls.length, kernel.pauses], [2, 0]);
  }
});

test('a link that takes nothing for as long as the socket waits is given up at once: others are to be served', () => {
  const kernel = new Kernel([5, 'EAGAIN', 'EAGAIN', 'EAGAIN']);
  assert.deepEqual(kernel.burst(3000), { sent: 5, errors: { EAGAIN: 2995 } });
  assert.equal(kernel.calls.length, 2);
});

test('one frame that the kernel refuses costs no other frame', () => {
  const kernel = new Kernel([2, 'EMSGSIZE', 3, 'EMSGSIZE', 'EINVAL']);
  assert.deepEqual(kernel.burst(10), { sent: 7, errors: { EMSGSIZE: 2, EINVAL: 1 } });
  assert.deepEqual(
    kernel.calls.map(({ first }) => first),
    [0, 2, 3, 6, 7, 8],
  );
});

test('whatever the kernel answers, every frame is counted once, in order, and the burst ends', () => {
  const errnos = ['ENOBUFS', 'ENOBUFS', 'EAGAIN', 'EINTR', 'ENOMEM', 'EMSGSIZE', 'EINVAL', 'EIO', 'ENETDOWN', 'EPERM'];
  const answer = fc.oneof(fc.integer({ min: 1, max: 1024 }), fc.constantFrom(...errnos));
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 200, size: 'max' }), fc.nat(6000), (answers, count) => {
      const kernel = new Kernel(answers);
      const { sent, errors } = kernel.burst(count);
      const refused = Object.values(errors).reduce((sum, frames) => sum + frames, 0);
      assert.equal(sent + refused, count);
      assert.ok(kernel.calls.every(({ first }, i) => first >= (kernel.calls[i - 1]?.first ?? 0)));
      assert.ok(kernel.calls.every(({ first, count: n }) => first + n <= count));
    }),
  );
});

test('a kernel that takes nothing and gives no reason does not hold us up for ever', () => {
  const kernel = new Kernel(() => 0);
  const { sent, errors } = kernel.burst(10);
  assert.equal(sent, 0);
  assert.equal(
    Object.values(errors).reduce((sum, frames) => sum + frames, 0),
    10,
  );
});
