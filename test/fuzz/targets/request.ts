import assert from 'node:assert/strict';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import type { ControlRequest } from '../../../src/control/messages.js';
import { decodeRequest, encodeRequest } from '../../../src/control/codec.js';
import { ControlMessageError } from '../../../src/errors.js';
import { only } from '../engine/only.js';
import { oddValues } from '../engine/json.js';
import { bytesOf, type Target } from '../engine/target.js';

function assertRequest(request: ControlRequest): void {
  if (request.op === 'guests') assert.ok(request.bond === null || request.bond.length <= 256);
  if (request.op !== 'announce') return;
  const { bond, macs, vlan, kinds, rounds } = request;
  assert.ok(bond.length <= 256);
  for (const mac of macs) assert.ok(parseMac(mac) === mac && !isGroupMac(mac));
  assert.ok(vlan === null || (Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094));
  assert.ok(kinds === null || kinds.every((kind) => ['rarp', 'garp', 'na'].includes(kind)));
  assert.ok(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000);
}

function run(bytes: Uint8Array): void {
  const request = only([ControlMessageError], () => decodeRequest(bytes), 300);
  if (!request) return;
  assertRequest(request);
  const line = only([ControlMessageError], () => encodeRequest(request));
  if (line !== undefined) assert.deepEqual(decodeRequest(bytesOf(line)), request);
}

const MAC = '52:54:00:12:34:56';

/** One request of each kind, with and without what may be left out. */
export const REQUESTS: readonly string[] = [
  '{"v":1,"op":"guests"}\n',
  '{"v":1,"op":"guests","bond":"bond0"}\n',
  `{"v":1,"op":"announce","bond":"bond0","macs":["${MAC}"],"vlan":905,"kinds":["rarp","na"],"rounds":2,"dryRun":true}\n`,
  '{"v":1,"op":"announce","bond":"bond0","macs":[],"vlan":null,"kinds":null,"rounds":1,"dryRun":false}\n',
  '{"v":1,"op":"status"}\n',
  '{"v":1,"op":"page"}\n',
  '{"v":2,"op":"status"}\n',
];

/** Pieces of JSON that shapes may trip over. */
export const JSON_TOKENS: readonly (string | Uint8Array)[] = [
  ...[
    '"__proto__":{"a":1},',
    '"constructor":1,',
    '"toString":1,',
    '[[[[[[[[',
    '{"a":',
    '}',
    ']',
    ',',
    'null',
    'true',
    '1e999',
    '-0',
  ],
  ...['0.5', '9007199254740993', '\\u0000', '\\ud800', '"', '\n', ' ', '{}', '[]', '""', '"v":1,'],
  new Uint8Array([0xff]),
  new Uint8Array([0xef, 0xbb, 0xbf]),
];

export const target = (): Target => ({
  corpus: REQUESTS.map(bytesOf),
  generated: oddValues(REQUESTS.map(bytesOf)),
  tokens: JSON_TOKENS,
  maxBytes: 70_000,
  run,
});
