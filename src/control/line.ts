import { TextDecoder } from 'node:util';
import { ControlMessageError } from '../errors.js';
import { type Check, plainObject } from './shape.js';

/** The version of requests and answers. Both sides must speak the same. */
const VERSION = 1;

/** A request may be so long, its newline included: more than 3,000 MAC addresses. */
export const MAX_REQUEST_BYTES = 64 << 10;

/** An answer may be so long: about 300,000 guests. */
export const MAX_ANSWER_BYTES = 64 << 20;

/**
 * One message: a JSON document on one line, with the version it is written in.
 * @throws ControlMessageError when it is longer than `limit` bytes
 */
export function encodeLine(what: string, fields: object, limit: number): string {
  const line = `${JSON.stringify({ v: VERSION, ...fields })}\n`;
  if (Buffer.byteLength(line) > limit) throw new ControlMessageError(`${what}: longer than ${limit} bytes`);
  return line;
}

/**
 * Reads a message, with or without its newline.
 * @throws ControlMessageError when it is too long, no JSON, of another version or of another shape
 */
export function decodeLine<T>(what: string, bytes: Uint8Array, limit: number, check: Check<T>): T {
  if (bytes.length > limit) throw new ControlMessageError(`${what}: longer than ${limit} bytes`);
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
