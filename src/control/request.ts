import { decodeLine, encodeLine, MAX_REQUEST_BYTES } from './line.js';
import { type ControlRequest, REQUESTS } from './messages.js';
import { type Check, literal, plainObject } from './shape.js';

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
