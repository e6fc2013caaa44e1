import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnything } from '../../fuzz/targets/netlink.js';
import { everyDatagram } from '../../support/fixtures.js';
import { messageBounds } from '../../support/netlink.js';

/** One recorded message of each type and length. */
const messages = new Map<string, Uint8Array>();
for (const datagram of everyDatagram()) {
  for (const { start, end } of messageBounds(datagram)) {
    const bytes = datagram.slice(start, end);
    messages.set(`${bytes[4]} ${bytes.length}`, bytes);
  }
}

test('a message cut off at any byte is reported as lost', () => {
  assert.ok(messages.size > 50, `only ${messages.size} messages`);
  for (const message of messages.values()) {
    for (let length = 1; length < message.length; length++) {
      const events = readAnything(message.subarray(0, length));
      assert.deepEqual(
        events.map(({ type }) => type),
        ['lost'],
      );
    }
  }
});

test('a datagram cut off at any byte loses no message before the cut', () => {
  for (const datagram of everyDatagram().filter(({ length }) => length < 4096)) {
    const bounds = messageBounds(datagram);
    const whole = readAnything(datagram);
    const each = bounds.map(({ start, end }) => readAnything(datagram.subarray(start, end)));
    assert.deepEqual(whole, each.flat());
    for (const { start, end } of bounds) {
      const cut = readAnything(datagram.subarray(0, end - 1));
      const before = bounds.findIndex((bound) => bound.start === start);
      assert.deepEqual(cut.slice(0, -1), each.slice(0, before).flat());
      assert.equal(cut.at(-1)?.type, 'lost');
    }
  }
});

/** Every length that a message could lie about: 16 bits at each place where an attribute can begin, and its own 32. */
function* lies(message: Uint8Array): Generator<Uint8Array> {
  const own = message.length;
  for (let at = 16; at + 4 <= own; at += 4) {
    for (const lie of [0, 1, 3, 4, 5, 8, own - at - 1, own - at, own - at + 1, 0x7fff, 0xffff]) {
      const bytes = Buffer.from(message);
      bytes.writeUInt16LE(Math.max(0, lie), at);
      yield bytes;
    }
  }
  for (const lie of [0, 4, 15, 16, 17, 20, 28, 32, own - 4, own - 1, own + 1, own + 4, 0x7fffffff, 0xffffffff]) {
    const bytes = Buffer.from(message);
    bytes.writeUInt32LE(Math.max(0, lie), 0);
    yield bytes;
  }
}

test('a message that lies about any length is read or reported as lost, and never ends the reader', () => {
  for (const message of messages.values()) {
    for (const liar of lies(message)) readAnything(liar);
  }
});

test('an attribute that claims more than is left in it is reported as lost', () => {
  for (const message of messages.values()) {
    if (message[4] !== 16 || message.length < 36) continue;
    const liar = Buffer.from(message);
    liar.writeUInt16LE(message.length - 32 + 1, 32);
    assert.equal(readAnything(liar)[0]?.type, 'lost');
  }
});
