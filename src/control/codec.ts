import { TextDecoder } from 'node:util';
import { ControlMessageError } from '../errors.js';
import {
  type ControlAnswer,
  type ControlRequest,
  type ControlResults,
  failure,
  REQUESTS,
  RESULTS,
} from './messages.js';
import { type Check, literal, object, plainObject } from './shape.js';

/** The version of requests and answers. Both sides must speak the same. */
const VERSION = 1;

/** A request may be so long, its newline included: more than 3,000 MAC addresses. */
export const MAX_REQUEST_BYTES = 64 << 10;

/** An answer may be so long: about 300,000 guests. */
export const MAX_ANSWER_BYTES = 64 << 20;

const tooLong = (what: string, limit: number): ControlMessageError =>
  new ControlMessageError(`${what}: longer than ${limit} bytes`);

/** A message: JSON on one line, with its version. @throws ControlMessageError when it is longer than `limit` bytes */
function encodeLine(what: string, fields: object, limit: number): string {
  const line = `${JSON.stringify({ v: VERSION, ...fields })}\n`;
  if (Buffer.byteLength(line) > limit) throw tooLong(what, limit);
  return line;
}

/** @throws ControlMessageError when it is too long, no JSON, of another version or of another shape */
function decodeLine<T>(what: string, bytes: Uint8Array, limit: number, check: Check<T>): T {
  if (bytes.length > limit) throw tooLong(what, limit);
  const { v, ...fields } = plainObject(parse(what, bytes), what);
  if (v !== VERSION) {
    throw new ControlMessageError(
      `${what}: ${typeof v === 'number' ? `version ${v}` : 'no version'}, expected version ${VERSION}; ` +
        'restart the daemon so that it matches the command',
    );
  }
  return check(fields, what);
}

function parse(what: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ControlMessageError(`${what}: not a JSON document`);
  }
}

const operation = literal(...(Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]));

const request: Check<ControlRequest> = (value, path) =>
  REQUESTS[operation(plainObject(value, path).op, `${path}.op`)](value, path);

/** @throws ControlMessageError when it is longer than a request may be */
export function encodeRequest(value: ControlRequest): string {
  return encodeLine('request', value, MAX_REQUEST_BYTES);
}

/** @throws ControlMessageError naming what is wrong */
export function decodeRequest(bytes: Uint8Array): ControlRequest {
  return decodeLine('request', bytes, MAX_REQUEST_BYTES, request);
}

/** @throws ControlMessageError when it is longer than an answer may be */
export function encodeAnswer<Op extends keyof ControlResults>(answer: ControlAnswer<Op>): string {
  return encodeLine('answer', answer, MAX_ANSWER_BYTES);
}

/**
 * As `encodeAnswer`, piece by piece: an answer may have a row for each of 50,000 guests.
 * @throws ControlMessageError when it turns out to be longer than an answer may be
 */
export function* answerPieces<Op extends keyof ControlResults>(answer: ControlAnswer<Op>): Generator<string> {
  let bytes = 1;
  for (const part of jsonParts({ v: VERSION, ...answer })) {
    if ((bytes += Buffer.byteLength(part)) > MAX_ANSWER_BYTES) throw tooLong('answer', MAX_ANSWER_BYTES);
    yield part;
  }
  yield '\n';
}

/** As JSON.stringify makes them. @param depth lists within so many others come item by item */
function* jsonParts(value: unknown, depth = 5): Generator<string> {
  if (typeof value !== 'object' || value === null || depth === 0) {
    yield JSON.stringify(value);
    return;
  }
  const list: readonly unknown[] | null = Array.isArray(value) ? value : null;
  let before = list ? '[' : '{';
  for (const [key, item] of list?.entries() ?? Object.entries(value)) {
    if (item === undefined) continue;
    yield list ? before : `${before}${JSON.stringify(key)}:`;
    yield* jsonParts(item, depth - 1);
    before = ',';
  }
  if (before !== ',') yield before;
  yield list ? ']' : '}';
}

/** Reads the answer to a request for `op`. @throws ControlMessageError naming what is wrong */
export function decodeAnswer<Op extends keyof ControlResults>(op: Op, bytes: Uint8Array): ControlAnswer<Op> {
  const result = RESULTS[op] as Check<ControlResults[Op]>;
  return decodeLine<ControlAnswer<Op>>('answer', bytes, MAX_ANSWER_BYTES, (value, path) =>
    'error' in plainObject(value, path)
      ? object({ error: failure })(value, path)
      : { result: object({ result })(value, path).result },
  );
}
