import { type Ip, parseIp } from '../addr/ip.js';
import { type Mac, parseMac } from '../addr/mac.js';
import { FRAME_KINDS } from '../config/config.js';
import { ControlMessageError } from '../errors.js';
import type { SuppressReason } from '../guests/verdict.js';
import type { Source } from '../sources/sighting.js';
import { decodeLine, encodeLine, MAX_ANSWER_BYTES } from './line.js';
import type { ControlAnswer, ControlFailure, ControlResults } from './messages.js';
import { type Check, flag, integer, listOf, literal, nullable, object, plainObject, recordOf, text } from './shape.js';
import { statusReport } from './status.js';

/*
 * An answer is one line:
 *
 *     {"v":1,"result":{...}}
 *     {"v":1,"error":{"code":"USAGE","exitCode":2,"message":"bond7: no such device; ..."}}
 */

const NAME_LENGTH = 256;
const MESSAGE_LENGTH = 16 << 10;

/** Far beyond the largest page, which takes less than 700 KB. */
const PAGE_LENGTH = 4 << 20;

const macAddress: Check<Mac> = (value, path) => {
  const mac = typeof value === 'string' ? parseMac(value) : undefined;
  if (mac === undefined) throw new ControlMessageError(`${path}: a MAC address expected`);
  return mac;
};

const ipAddress: Check<Ip> = (value, path) => {
  const ip = typeof value === 'string' ? parseIp(value) : undefined;
  if (ip === undefined) throw new ControlMessageError(`${path}: an IP address expected`);
  return ip;
};

const vlan = nullable(integer(0, 4095));
const count = integer(0, Number.MAX_SAFE_INTEGER);

/** The daemon's word, passed on as it is: a newer daemon may know reasons and sources that we do not. */
const reason = text(64) as Check<SuppressReason>;
const source = text(64) as Check<Source>;

const RESULTS: { [Op in keyof ControlResults]: Check<ControlResults[Op]> } = {
  guests: object({
    bonds: listOf(
      object({
        bond: text(NAME_LENGTH),
        guests: listOf(
          object({
            mac: macAddress,
            vlan,
            port: nullable(text(NAME_LENGTH)),
            guest: nullable(text(NAME_LENGTH)),
            addresses: listOf(text(64)),
            source,
            lastSeen: nullable(count),
            announced: flag,
            reason: nullable(reason),
          }),
        ),
      }),
    ),
  }),
  announce: object({
    bond: text(NAME_LENGTH),
    activeSlave: nullable(text(NAME_LENGTH)),
    dryRun: flag,
    frames: listOf(object({ kind: literal(...FRAME_KINDS), mac: macAddress, vlan, ip: nullable(ipAddress) })),
    sent: count,
    suppressed: listOf(object({ mac: macAddress, vlan, reason })),
    refused: recordOf(count),
    cut: flag,
  }),
  status: statusReport,
  page: object({ html: text(PAGE_LENGTH) }),
};

const failure: Check<ControlFailure> = object({
  code: text(64),
  exitCode: literal(1, 2),
  message: text(MESSAGE_LENGTH),
});

/** @throws ControlMessageError when it is longer than an answer may be */
export function encodeAnswer<Op extends keyof ControlResults>(answer: ControlAnswer<Op>): string {
  return encodeLine('answer', answer, MAX_ANSWER_BYTES);
}

/**
 * Reads the answer to a request for `op`.
 * @throws ControlMessageError naming what is wrong
 */
export function decodeAnswer<Op extends keyof ControlResults>(op: Op, bytes: Uint8Array): ControlAnswer<Op> {
  return decodeLine<ControlAnswer<Op>>('answer', bytes, MAX_ANSWER_BYTES, (value, path) =>
    'error' in plainObject(value, path)
      ? object({ error: failure })(value, path)
      : { result: object({ result: RESULTS[op] })(value, path).result },
  );
}
