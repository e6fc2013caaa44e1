import { decodeLine, encodeLine, MAX_ANSWER_BYTES } from './line.js';
import { type ControlAnswer, type ControlResults, failure, RESULTS } from './messages.js';
import { type Check, object, plainObject } from './shape.js';

/** @throws ControlMessageError when it is longer than an answer may be */
export function encodeAnswer<Op extends keyof ControlResults>(answer: ControlAnswer<Op>): string {
  return encodeLine('answer', answer, MAX_ANSWER_BYTES);
}

/**
 * Reads the answer to a request for `op`.
 * @throws ControlMessageError naming what is wrong
 */
export function decodeAnswer<Op extends keyof ControlResults>(op: Op, bytes: Uint8Array): ControlAnswer<Op> {
  const result = RESULTS[op] as Check<ControlResults[Op]>;
  return decodeLine<ControlAnswer<Op>>('answer', bytes, MAX_ANSWER_BYTES, (value, path) =>
    'error' in plainObject(value, path)
      ? object({ error: failure })(value, path)
      : { result: object({ result })(value, path).result },
  );
}
