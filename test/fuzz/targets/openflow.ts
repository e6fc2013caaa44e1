import assert from 'node:assert/strict';
import { OpenFlowError } from '../../../src/errors.js';
import {
  errorName,
  encodeHello,
  negotiate,
  encodeEchoReply,
  encodeMessage,
  type Message,
  MessageReader,
  VERSIONS,
} from '../../../src/frames/openflow/message.js';
import type { StreamListener } from '../../../src/sys/unix/unix-stream.js';
import { OpenFlowSession } from '../../../src/wire/openflow-session.js';
import { FakeClock } from '../../support/fake-clock.js';
import { chunks } from '../engine/chunks.js';
import { recorded } from '../engine/corpus.js';
import { only, onlyAsync } from '../engine/only.js';
import type { Target } from '../engine/target.js';

const FRAME = { inPort: 1, frame: new Uint8Array(60) };

/** The messages of a stream that comes in these pieces; with what the reader said to it in the end. */
function read(pieces: Iterable<Uint8Array>): { messages: Message[]; broken: boolean } {
  const reader = new MessageReader();
  const messages: Message[] = [];
  for (const piece of pieces) {
    const some = only([OpenFlowError], () => reader.take(piece).map((each) => ({ ...each, body: each.body.slice() })));
    if (!some) return { messages, broken: true };
    messages.push(...some);
  }
  return { messages, broken: false };
}

function assertMessage(message: Message): void {
  assert.match(errorName(message), /^OFP[A-Z]+_[A-Z_]+$/);
  const version = negotiate(message);
  assert.ok(version === null || VERSIONS.includes(version));
  const [again, ...more] = new MessageReader().take(encodeMessage(message));
  assert.deepEqual([again, more], [message, []]);
  assert.equal(encodeEchoReply(message).length, 8 + message.body.length);
}

/** A conversation in which these bytes are all that the switch says. It ends, in words that are known. */
async function converse(bytes: Uint8Array): Promise<void> {
  const clock = new FakeClock();
  let listener: StreamListener | undefined;
  let written = 0;
  const stream = { write: (more: string | Uint8Array) => void (written += more.length), close: () => undefined };
  const session = new OpenFlowSession('br0', (told) => ((listener = told), Promise.resolve(stream)), clock);
  await Promise.resolve();
  const said = chunks(bytes);
  for (let n = 0; n < 3; n++) listener?.data(said.next().value ?? new Uint8Array(0));
  const ready = onlyAsync([OpenFlowError], () => session.open().then(() => true));
  if (!session.over) clock.advance(0);
  const sent = onlyAsync([OpenFlowError], () => session.send([FRAME, FRAME]));
  for (const piece of said) listener?.data(piece);
  clock.advance(60);
  session.close();
  await ready;
  for (const [n, reason] of (await sent) ?? []) assert.ok((n === 0 || n === 1) && /^[A-Z_]+$/.test(reason));
  assert.ok(written <= 2 * bytes.length + 400, 'it says more than it is asked');
}

async function run(bytes: Uint8Array): Promise<void> {
  const whole = read([bytes]);
  const pieces = read(chunks(bytes));
  assert.equal(pieces.broken, whole.broken);
  if (!whole.broken) assert.deepEqual(pieces, whole, 'it matters where a stream is cut');
  for (const message of pieces.messages) assertMessage(message);
  await converse(bytes);
}

export const target = (): Target => ({
  corpus: [...recorded('openflow'), encodeHello(1), encodeHello(7, [1])],
  tokens: [
    new Uint8Array([0, 1, 0, 8, 0, 0, 0, 0x7e]),
    new Uint8Array([4, 0, 0, 8]),
    new Uint8Array([1, 19, 0, 8, 0, 0, 0, 4]),
  ],
  maxBytes: 4096,
  run,
});
