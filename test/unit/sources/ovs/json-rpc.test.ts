import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonRpcError } from '../../../../src/errors.js';
import {
  encodeRequest,
  encodeResponse,
  type JsonRpcMessage,
  JsonRpcReader,
} from '../../../../src/sources/ovs/json-rpc.js';
import { loadOvsRecording } from '../../../support/ovs-recording.js';

/** What is read of bytes that come in pieces of that many at a time. */
function inPieces(bytes: Uint8Array, size: number, reader = new JsonRpcReader()): JsonRpcMessage[] {
  const messages: JsonRpcMessage[] = [];
  for (let at = 0; at < bytes.length; at += size) messages.push(...reader.take(bytes.subarray(at, at + size)));
  return messages;
}

/** The one line of our error; fails when there is none, or another one. */
function complaint(text: string, reader = new JsonRpcReader()): string {
  try {
    reader.take(Buffer.from(text));
  } catch (error) {
    assert.ok(error instanceof JsonRpcError, String(error));
    assert.match(error.message, /^[ -~]{5,120}$/);
    return error.message;
  }
  assert.fail(`taken: ${text.slice(0, 60)}`);
}

const notification = (...params: unknown[]): string => JSON.stringify({ id: null, method: 'm', params });

test('what the real daemons said is read the same, however it is cut', () => {
  const { database, tables } = loadOvsRecording();
  const bytes = Buffer.from([...database, ...tables].map((part) => part.bytes).join(''));
  const whole = inPieces(bytes, bytes.length);
  const kinds = whole.map(({ kind }) => kind);
  assert.deepEqual([...new Set(kinds)], ['response', 'notification']);
  assert.equal(kinds.filter((kind) => kind === 'response').length, 5);
  for (const size of [1, 2, 7, 4096]) assert.deepEqual(inPieces(bytes, size), whole, `${size} bytes`);
});

test('requests, notifications and answers are told apart', () => {
  const reader = new JsonRpcReader();
  const texts = [
    '{"method":"echo","params":["a"],"id":"echo"}',
    '{"method":"update","params":[],"id":null}',
    '{"method":"update","params":[]}',
    '{"id":3,"result":{},"error":null}',
    '{"id":4,"error":"no such bridge\\n"}',
    '{"id":5,"result":null,"error":null}',
  ];
  assert.deepEqual(reader.take(Buffer.from(texts.join(' \r\n\t'))), [
    { kind: 'request', id: 'echo', method: 'echo', params: ['a'] },
    { kind: 'notification', method: 'update', params: [] },
    { kind: 'notification', method: 'update', params: [] },
    { kind: 'response', id: 3, result: {}, error: null },
    { kind: 'response', id: 4, result: null, error: 'no such bridge\n' },
    { kind: 'response', id: 5, result: null, error: null },
  ]);
});

test('what we send is what we read', () => {
  const sent = encodeRequest(7, 'monitor', ['x', { y: 'ü"}' }]) + encodeResponse('echo', ['a']);
  assert.deepEqual(new JsonRpcReader().take(Buffer.from(sent)), [
    { kind: 'request', id: 7, method: 'monitor', params: ['x', { y: 'ü"}' }] },
    { kind: 'response', id: 'echo', result: ['a'], error: null },
  ]);
});

test('any text in any pieces comes out as it went in: braces, quotes, backslashes, characters of several bytes', () => {
  const nasty = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', 'ü', '€', '𝄞', 'a', '\u0000') });
  fc.assert(
    fc.property(fc.array(fc.array(nasty)), fc.integer({ min: 1, max: 9 }), (messages, size) => {
      const bytes = Buffer.from(messages.map((params) => notification(...params)).join(' '));
      const read = inPieces(bytes, size);
      assert.deepEqual(
        read.map((message) => message.kind === 'notification' && message.params),
        messages,
      );
    }),
  );
});

test('what is no JSON-RPC is refused in one line', () => {
  const garbage: [string, RegExp][] = [
    ['hello', /byte 0x68/],
    ['[1]', /byte 0x5b/],
    ['"text"', /byte 0x22/],
    ['}', /byte 0x7d/],
    ['\u0000', /byte 0x00/],
    [`${notification()}x`, /byte 0x78/],
    ['{]', /not JSON/],
    ['{"a":\u0001}', /not JSON/],
    ['{"method":"m","params":[}}', /not JSON/],
    ['{}', /neither a request nor a response/],
    ['{"id":1}', /neither/],
    ['{"result":1}', /neither/],
    ['{"method":"m"}', /neither/],
    ['{"method":1,"params":[]}', /neither/],
    ['{"method":"m","params":{}}', /neither/],
    ['{"method":"m","id":1,"result":{}}', /neither/],
  ];
  for (const [text, why] of garbage) assert.match(complaint(text), why, text);
});

test('what is no UTF-8 costs its own characters only', () => {
  const bytes = Buffer.from(notification('x'));
  bytes[bytes.indexOf('x')] = 0xff;
  assert.deepEqual(new JsonRpcReader().take(bytes), [{ kind: 'notification', method: 'm', params: ['\ufffd'] }]);
});

test('a message that never ends, or goes ever deeper, is refused at its limit', () => {
  const long = new JsonRpcReader(1000);
  assert.equal(long.take(Buffer.from(`{"method":"${'x'.repeat(900)}`)).length, 0);
  assert.match(complaint('x'.repeat(200), long), /longer than 1000 bytes/);
  const exact = notification('x'.repeat(1000 - notification('').length));
  assert.equal(new JsonRpcReader(1000).take(Buffer.from(exact)).length, 1);
  complaint(notification('x'.repeat(1001 - notification('').length)), new JsonRpcReader(1000));
  const nested = (depth: number): string => `{"method":"m","params":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  assert.equal(new JsonRpcReader().take(Buffer.from(nested(999))).length, 1);
  assert.match(complaint(nested(1000)), /deeper than 1000/);
  complaint(`{"a":${'{"a":'.repeat(1e6)}`);
  assert.equal(new JsonRpcReader(10).take(Buffer.from(' '.repeat(1000))).length, 0, 'white space is held by nobody');
});

test('eight times as long a message costs about eight times as much, not sixty-four', () => {
  const cost = (bytes: number): number => {
    const message = Buffer.from(notification(' 7   905  52:54:00:00:00:01  299\n'.repeat(bytes / 32)));
    const began = performance.now();
    assert.equal(inPieces(message, 512).length, 1);
    return performance.now() - began;
  };
  cost(1 << 20);
  const best = (bytes: number): number => Math.min(...[1, 2, 3].map(() => cost(bytes)));
  const small = best(1 << 19);
  assert.ok(best(1 << 22) / small < 32);
});
