import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OvsConnection, type OvsHost } from '../../../src/host/ovs/connection.js';
import { BondheraldError, JsonRpcError } from '../../../src/errors.js';
import {
  encodeRequest,
  encodeResponse,
  type JsonRpcMessage,
  JsonRpcReader,
} from '../../../src/sources/ovs/json-rpc.js';
import type { StreamListener } from '../../../src/sys/unix/unix-stream.js';
import { FakeClock } from '../../support/fake-clock.js';
import { loadOvsRecording } from '../../support/ovs-recording.js';
import { chunks } from '../engine/chunks.js';
import { assertOneLine, only, onlyAsync } from '../engine/only.js';
import { bytesOf, type Target } from '../engine/target.js';

const LIMIT = 8192;

function read(pieces: Iterable<Uint8Array>): { messages: JsonRpcMessage[]; broken: boolean } {
  const reader = new JsonRpcReader(LIMIT);
  const messages: JsonRpcMessage[] = [];
  for (const piece of pieces) {
    const some = only([JsonRpcError], () => reader.take(piece));
    if (!some) return { messages, broken: true };
    messages.push(...some);
  }
  return { messages, broken: false };
}

/** A connection on which these bytes come. Either side may end it; the question is answered or refused in words. */
async function connect(bytes: Uint8Array): Promise<void> {
  const clock = new FakeClock();
  let told: StreamListener | undefined;
  const stream = { write: () => undefined, close: () => undefined };
  const host = { connect: (_: string, listener: StreamListener) => ((told = listener), Promise.resolve(stream)) };
  const ends: BondheraldError[] = [];
  const connection = await OvsConnection.open(host as unknown as OvsHost, 'db.sock', clock, {
    notified: () => undefined,
    lost: (error) => void ends.push(error),
  });
  const answer = onlyAsync([BondheraldError], () => connection.call('monitor', [], (result) => ({ result })));
  for (const piece of chunks(bytes)) told?.data(piece);
  clock.advance(60);
  connection.close();
  await answer;
  assert.ok(ends.length <= 1, 'it is lost once');
  for (const error of ends) assertOneLine(error.message);
}

/** What is one JSON object that says something must be read as what it is, wherever its strings and braces end. */
function assertUnderstood(bytes: Uint8Array, { messages, broken }: ReturnType<typeof read>): void {
  if (bytes.length > LIMIT) return;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return;
  }
  const isAnswer =
    isObject(value) && !('method' in value) && (value.id ?? null) !== null && (value.result ?? null) !== null;
  if (!isAnswer || !isObject(value)) return;
  assert.equal(broken, false, 'an answer that is not understood');
  assert.deepEqual(messages, [{ kind: 'response', id: value.id, result: value.result, error: value.error ?? null }]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function run(bytes: Uint8Array): Promise<void> {
  const whole = read([bytes]);
  const pieces = read(chunks(bytes));
  assert.equal(pieces.broken, whole.broken);
  if (!whole.broken) assert.deepEqual(pieces, whole, 'it matters where a stream is cut');
  assertUnderstood(bytes, whole);
  for (const message of pieces.messages) {
    if (message.kind === 'request') encodeResponse(message.id, message.params);
  }
  await connect(bytes);
}

/** The recording's messages that are short enough, alone and in a row. */
function corpus(): Uint8Array[] {
  const { database, tables } = loadOvsRecording();
  const said = [...database, ...tables].map(({ bytes }) => bytes).filter(({ length }) => length < LIMIT);
  const ours = [encodeRequest(1, 'echo', []), encodeResponse(1, { a: 1 }), '{"id":1,"result":null,"error":"no"}'];
  return [...said, ...ours, said.slice(0, 4).join('\n')].map(bytesOf);
}

export const target = (): Target => ({
  corpus: corpus(),
  generated: fc
    .tuple(fc.oneof(fc.jsonValue(), fc.string({ unit: fc.constantFrom('\\', '"', '{', '}', 'a') })), fc.nat(9))
    .map(([result, id]) => bytesOf(encodeResponse(id, result))),
  tokens: [
    ...[
      '{"id":1,"result":',
      '{"method":"echo","params":[],"id":7}',
      '{"method":"update","params":[',
      '[',
      '{',
      '}',
      ']',
      '"',
    ],
    ...[
      '\\',
      '\\u0000',
      '\\ud800',
      '{"__proto__":{"a":1}}',
      ',"error":{"error":"x","details":"',
      '1e999',
      '-0',
      '[[[[[[[[',
    ],
    new Uint8Array([0xff, 0xfe]),
    new Uint8Array([0xe2, 0x80]),
  ],
  run,
});
