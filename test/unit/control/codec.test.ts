import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mac } from '../../../src/addr/mac.js';
import {
  decodeAnswer,
  decodeRequest,
  answerPieces,
  encodeAnswer,
  encodeRequest,
  MAX_ANSWER_BYTES,
  MAX_REQUEST_BYTES,
} from '../../../src/control/codec.js';
import type { AnnounceReport, BondGuestList, ControlRequest } from '../../../src/control/messages.js';
import type { StatusReport } from '../../../src/control/status.js';
import { ControlMessageError } from '../../../src/errors.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Objects as JSON.parse makes them. */
const record = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape, { noNullPrototype: true });

const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((six) => [...six].map((byte) => byte.toString(16).padStart(2, '0')).join(':') as Mac);
const station = mac.map((text) => `02${text.slice(2)}` as Mac);
const name = fc.string({ unit: 'grapheme', maxLength: 15 });
const vlan = fc.option(fc.integer({ min: 1, max: 4094 }));

const request: fc.Arbitrary<ControlRequest> = fc.oneof(
  fc.constant({ op: 'status' as const }),
  fc.constant({ op: 'page' as const }),
  record({ op: fc.constant('guests' as const), bond: fc.option(name) }),
  record({
    op: fc.constant('announce' as const),
    bond: name,
    macs: fc.array(station),
    vlan,
    kinds: fc.option(fc.subarray(['rarp', 'garp', 'na'] as const)),
    rounds: fc.integer({ min: 1, max: 1000 }),
    dryRun: fc.boolean(),
  }),
);

const guestList = record({
  bond: name,
  guests: fc.array(
    record({
      mac,
      vlan,
      port: fc.option(name),
      guest: fc.option(name),
      addresses: fc.array(fc.constantFrom('192.0.2.1', '2001:db8::1')),
      source: fc.constantFrom('fdb', 'macvlan', 'static'),
      lastSeen: fc.option(fc.nat()),
      announced: fc.boolean(),
      reason: fc.option(fc.constantFrom('seen-on-uplink', 'too-many')),
      groups: fc.array(fc.constantFrom('239.1.2.3', 'ff05::c')),
    }),
  ),
}) as fc.Arbitrary<BondGuestList>;

const report = record({
  bond: name,
  activeSlave: fc.option(name),
  dryRun: fc.boolean(),
  frames: fc.array(
    record({ kind: fc.constantFrom('rarp', 'na'), mac, vlan, ip: fc.option(fc.constantFrom('192.0.2.1', 'fe80::1')) }),
  ),
  sent: fc.nat(),
  suppressed: fc.array(record({ mac, vlan, reason: fc.constant('seen-on-uplink') })),
  refused: fc.dictionary(fc.constantFrom('ENODEV', 'EAGAIN'), fc.nat(), { noNullPrototype: true }),
  cut: fc.boolean(),
}) as fc.Arbitrary<AnnounceReport>;

const seconds = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0);
const counts = record({ rarp: fc.nat(), garp: fc.nat(), na: fc.nat(), mcast: fc.nat() });
const byWord = fc.dictionary(fc.constantFrom('ENOBUFS', 'excluded'), fc.nat(), { noNullPrototype: true });

const failover = record({
  time: seconds,
  cause: fc.constantFrom('failover', 'missed', 'window', 'late'),
  from: fc.option(name),
  to: name,
  firstFrame: fc.option(seconds),
  lastRarp: fc.option(seconds),
  firstRoundOut: fc.option(seconds),
  sent: counts,
  refused: byWord,
  rounds: fc.array(record({ round: fc.nat(), start: seconds, end: seconds, sent: counts })),
  roundsPlanned: fc.nat(),
  heldBack: fc.option(seconds),
  result: fc.option(fc.constantFrom('completed', 'damped')),
  seconds: fc.option(seconds),
});

const stack = fc.array(fc.nat(4095), { maxLength: 2 });

const standbyLink = record({
  link: name,
  deaf: fc.option(name),
  vlans: fc.array(
    record({
      vlans: stack,
      guests: fc.nat(),
      state: fc.constantFrom('carried', 'missing', 'unknown'),
      reason: fc.option(fc.constantFrom('quiet', 'filter')),
      proven: fc.option(seconds),
      missed: fc.nat(),
      arrivesWith: fc.option(stack),
    }),
    { maxLength: 3 },
  ),
});

const status = record({
  daemon: fc.option(record({ version: name, started: fc.nat() })),
  bonds: fc.array(
    record({
      bond: name,
      mode: fc.option(name),
      monitoring: fc.option(record({ miimon: fc.nat(), arpInterval: fc.nat() })),
      activeSlave: fc.option(name),
      slaves: fc.array(
        record({ slave: name, up: fc.boolean(), carrier: fc.boolean(), state: fc.constantFrom('active', 'backup') }),
      ),
      guests: record({ announced: fc.nat(), suppressed: byWord }),
      failovers: fc.option(fc.nat()),
      listening: fc.option(
        record({ how: fc.constantFrom('mirror', 'socket', 'deaf'), reason: fc.option(fc.string()) }),
      ),
      standby: fc.option(fc.array(standbyLink, { maxLength: 2 })),
      lastFailovers: fc.array(failover, { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
}) as fc.Arbitrary<StatusReport>;

test('what a request says comes out as it went in, on one line', () => {
  fc.assert(
    fc.property(request, (value) => {
      const line = encodeRequest(value);
      assert.match(line, /^[^\n]*\n$/);
      assert.deepEqual(decodeRequest(bytes(line)), value);
    }),
  );
});

const LIMIT = { reason: 'vlans', port: 'tap1', mac: '52:54:00:00:00:01' as Mac, limit: 4094, count: 7 } as const;

test('what an answer says comes out as it went in, on one line', () => {
  fc.assert(
    fc.property(fc.array(guestList), report, status, fc.string(), (bonds, announced, stands, html) => {
      const lines = [
        encodeAnswer<'guests'>({ result: { bonds, limits: [LIMIT] } }),
        encodeAnswer({ result: announced }),
        encodeAnswer<'status'>({ result: stands }),
        encodeAnswer<'page'>({ result: { html } }),
      ] as const;
      for (const line of lines) assert.match(line, /^[^\n]*\n$/);
      const inPieces = [
        answerPieces<'guests'>({ result: { bonds, limits: [LIMIT] } }),
        answerPieces({ result: announced }),
        answerPieces<'status'>({ result: stands }),
        answerPieces<'page'>({ result: { html } }),
      ].map((pieces) => [...pieces].join(''));
      assert.deepEqual(inPieces, [...lines]);
      assert.deepEqual(decodeAnswer('guests', bytes(lines[0])), { result: { bonds, limits: [LIMIT] } });
      assert.deepEqual(decodeAnswer('announce', bytes(lines[1])), { result: announced });
      assert.deepEqual(decodeAnswer('status', bytes(lines[2])), { result: stands });
      assert.deepEqual(decodeAnswer('page', bytes(lines[3])), { result: { html } });
    }),
  );
  const error = { code: 'USAGE', exitCode: 2, message: 'bond7: no such device' } as const;
  assert.deepEqual(decodeAnswer('status', bytes(encodeAnswer({ error }))), { error });
});

test('rubbish, or a message that was cut or changed, is refused by name or read as another message, nothing else', () => {
  const mutated = fc
    .tuple(
      request.map((value) => bytes(encodeRequest(value))),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
    )
    .map(([line, at, byte, cut]) => {
      const copy = line.slice();
      copy[at % copy.length] = byte;
      return cut ? copy.subarray(0, at % copy.length) : copy;
    });
  const anything = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, fc.json().map(bytes));
  const refusesOrReads = (decode: () => unknown): void => {
    try {
      decode();
    } catch (error) {
      assert.ok(error instanceof ControlMessageError, String(error));
      assert.match(error.message, /^(request|answer)[^\n]*$/);
    }
  };
  fc.assert(
    fc.property(anything, (line) => {
      refusesOrReads(() => decodeRequest(line));
      refusesOrReads(() => decodeAnswer('guests', line));
      refusesOrReads(() => decodeAnswer('announce', line));
      refusesOrReads(() => decodeAnswer('status', line));
    }),
    { numRuns: 2000 },
  );
});

const WRONG: [what: string, line: string, says: RegExp][] = [
  ['nothing', '', /not a JSON document/],
  ['no JSON', 'hello', /not a JSON document/],
  ['no object', '[]', /expected an object/],
  ['no version', '{"op":"status"}', /: no version, expected version 1;/],
  [
    'crasher: a version that is nested deep',
    `{"v":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    /: no version, expected version 1;/,
  ],
  ['crasher: a key with control characters', '{"v":1,"op":"status","\x7f\u2028":1}', /unknown key "\?\?"/],
  ['another version', '{"v":2,"op":"status"}', /: version 2, expected version 1;/],
  ['no operation', '{"v":1}', /request\.op: expected "guests" or "announce" or "status" or "standby" or "page"/],
  ['an unknown operation', '{"v":1,"op":"reboot"}', /request\.op/],
  ['an operation from the prototype', '{"v":1,"op":"constructor"}', /request\.op/],
  ['a key that nobody knows', '{"v":1,"op":"guests","bonds":[]}', /unknown key "bonds"/],
  ['a prototype', '{"v":1,"op":"status","__proto__":{}}', /unknown key/],
  ['a bond that is no text', '{"v":1,"op":"guests","bond":0}', /request\.bond/],
  ['a MAC that is none', announcing({ macs: ['x'] }), /request\.macs\[0\]: expected the MAC address of a station/],
  ['a multicast MAC', announcing({ macs: ['01:00:5e:00:00:01'] }), /request\.macs\[0\]/],
  ['a VLAN that is none', announcing({ vlan: 4095 }), /request\.vlan: expected a whole number from 1 to 4094/],
  ['no word on the dry run', announcing({ dryRun: undefined }), /request\.dryRun: expected true or false/],
];

function announcing(change: object): string {
  return JSON.stringify({
    v: 1,
    op: 'announce',
    bond: 'bond0',
    macs: [],
    vlan: null,
    kinds: null,
    rounds: 1,
    dryRun: true,
    ...change,
  });
}

for (const [what, line, says] of WRONG) {
  test(`a request with ${what} is refused, and the error says where`, () => {
    assert.throws(
      () => decodeRequest(bytes(line)),
      (error) => error instanceof ControlMessageError && says.test(error.message),
    );
  });
}

test('a guests request without a bond asks for all of them', () => {
  assert.deepEqual(decodeRequest(bytes('{"v":1,"op":"guests"}')), { op: 'guests', bond: null });
});

test('what is longer than the limit is refused before it is looked at, coming and going', () => {
  const macs = Array.from({ length: 4000 }, () => '52:54:00:12:34:56' as Mac);
  const tooLong = { name: 'CONTROL_MESSAGE', message: /longer than/ };
  assert.throws(
    () => encodeRequest({ op: 'announce', bond: 'bond0', macs, vlan: null, kinds: null, rounds: 1, dryRun: true }),
    tooLong,
  );
  assert.throws(() => decodeRequest(new Uint8Array(MAX_REQUEST_BYTES + 1)), tooLong);
  assert.throws(() => decodeAnswer('status', new Uint8Array(MAX_ANSWER_BYTES + 1)), tooLong);
});
