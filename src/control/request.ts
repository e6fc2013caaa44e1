import { type Mac, parseStationMac } from '../addr/mac.js';
import { FRAME_KINDS } from '../config/config.js';
import { ControlMessageError } from '../errors.js';
import { decodeLine, encodeLine, MAX_REQUEST_BYTES } from './line.js';
import type { ControlRequest } from './messages.js';
import { type Check, flag, integer, listOf, literal, nullable, object, optional, plainObject, text } from './shape.js';

/*
 * A request is one line:
 *
 *     {"v":1,"op":"guests","bond":"bond0"}                                            without "bond": every bond
 *     {"v":1,"op":"announce","bond":"bond0","macs":["52:54:00:12:34:56"],"vlan":null,
 *      "kinds":["rarp"],"rounds":1,"dryRun":true}                                          "kinds":null: the configuration's
 *     {"v":1,"op":"status"}
 *     {"v":1,"op":"page"}
 */

/** Longer than any device's name (IFNAMSIZ is 16), so that a wrong name is answered with the right words. */
const NAME_LENGTH = 256;

/** More than any schedule has. */
const MAX_ROUNDS = 1000;

const stationMac: Check<Mac> = (value, path) => {
  const mac = typeof value === 'string' ? parseStationMac(value) : undefined;
  if (mac === undefined) throw new ControlMessageError(`${path}: the MAC address of a station expected`);
  return mac;
};

const REQUESTS: { [Op in ControlRequest['op']]: Check<ControlRequest & { op: Op }> } = {
  guests: object({ op: literal('guests'), bond: optional(text(NAME_LENGTH)) }),
  announce: object({
    op: literal('announce'),
    bond: text(NAME_LENGTH),
    macs: listOf(stationMac),
    vlan: nullable(integer(1, 4094)),
    kinds: nullable(listOf(literal(...FRAME_KINDS))),
    rounds: integer(1, MAX_ROUNDS),
    dryRun: flag,
  }),
  status: object({ op: literal('status') }),
  page: object({ op: literal('page') }),
};

const request: Check<ControlRequest> = (value, path) => {
  const op = literal('guests', 'announce', 'status', 'page')(plainObject(value, path).op, `${path}.op`);
  return REQUESTS[op](value, path);
};

/** @throws ControlMessageError when it is longer than a request may be */
export function encodeRequest(value: ControlRequest): string {
  return encodeLine('request', value, MAX_REQUEST_BYTES);
}

/** @throws ControlMessageError naming what is wrong */
export function decodeRequest(bytes: Uint8Array): ControlRequest {
  return decodeLine('request', bytes, MAX_REQUEST_BYTES, request);
}
