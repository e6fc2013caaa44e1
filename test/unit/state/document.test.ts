import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import { type Mac, parseMac } from '../../../src/addr/mac.js';
import type { GuestSnapshot, HeardSnapshot, PlaceSnapshot } from '../../../src/guests/snapshot.js';
import type { BondSnapshot } from '../../../src/topology/named-devices.js';
import { decodeState } from '../../../src/state/decode.js';
import { encodeState, MAX_BYTES, MAX_GUESTS, VERSION } from '../../../src/state/document.js';

const BOOT = '1e7b9e0c-93a5-4f0b-8b3b-2a6f6f0f7a11';
const ORIGIN = { bootId: BOOT, savedAt: 1_700_000_000 };
const REASONS = new Set(['too-large', 'malformed', 'version', 'other-boot']);

/** As JSON.parse makes them. */
const PLAIN = { noNullPrototype: true } as const;

const device = fc.record(
  {
    ifindex: fc.integer({ min: 1, max: 0x7fffffff }),
    name: fc.oneof(fc.constantFrom('tap1', 'bond0', 'é"\\\n'), fc.string({ minLength: 1, maxLength: 15 })),
  },
  PLAIN,
);
const place: fc.Arbitrary<PlaceSnapshot> = fc.record(
  {
    source: fc.constantFrom('fdb' as const, 'macvlan' as const, 'libvirt' as const),
    device,
    bridge: device,
    vlan: fc.option(fc.integer({ min: 1, max: 4094 })),
    lastSeen: fc.double({ min: 0, max: 1e9, noNaN: true }).map((seconds) => seconds + 0), // JSON knows no -0
  },
  PLAIN,
);
const time = fc.double({ min: 0, max: 1e9, noNaN: true }).map((seconds) => seconds + 0);
const ip = fc.constantFrom('192.0.2.1', '198.51.100.255', '2001:db8::1', 'fe80::5054:ff:fe00:1') as fc.Arbitrary<Ip>;
const heard: fc.Arbitrary<HeardSnapshot> = fc.record(
  {
    bond: device,
    tags: fc.array(
      fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid: fc.integer({ min: 1, max: 4094 }) }, PLAIN),
      { maxLength: 3 },
    ),
    out: fc.option(time),
    proof: fc.option(time),
    in: fc.option(time),
    unexplained: fc.option(time),
    since: time,
    router: fc.option(fc.boolean()),
    advertised: fc.boolean(),
    addresses: fc.array(fc.tuple(ip, time), { maxLength: 3 }),
  },
  PLAIN,
);
const mac = fc
  .integer({ min: 1, max: 0xffffffff })
  .map((n) => `52:54${n.toString(16).padStart(8, '0').replace(/../g, ':$&')}` as Mac);
const places = fc.array(place, { minLength: 1, maxLength: 16 });
const guests = fc.uniqueArray(fc.record({ mac, places, heard: fc.array(heard, { maxLength: 3 }) }, PLAIN), {
  maxLength: 8,
  selector: (guest) => guest.mac,
});
const bonds = fc.array(
  fc.tuple(device, fc.option(device)).map(([bond, activeSlave]): BondSnapshot => ({ ...bond, activeSlave })),
  { maxLength: 4 },
);

function encode(snapshot: { bonds: readonly BondSnapshot[]; guests: Iterable<GuestSnapshot> }): Uint8Array {
  return Buffer.from([...encodeState(ORIGIN, snapshot)].join(''));
}

const TAP = { ifindex: 7, name: 'tap1' };
const PLACE: PlaceSnapshot = {
  source: 'fdb',
  device: TAP,
  bridge: { ifindex: 5, name: 'br0' },
  vlan: null,
  lastSeen: 3,
};
const HEARD: HeardSnapshot = {
  bond: { ifindex: 3, name: 'bond0' },
  tags: [{ tpid: 0x8100, vid: 905 }],
  out: 2.5,
  proof: 2.5,
  in: null,
  unexplained: null,
  since: 1,
  router: false,
  advertised: false,
  addresses: [['192.0.2.1' as Ip, 2.5]],
};
const GUEST: GuestSnapshot = {
  mac: '52:54:00:00:00:01' as Mac,
  places: [PLACE, { ...PLACE, vlan: 905 }],
  heard: [HEARD],
};
const BOND: BondSnapshot = { ifindex: 3, name: 'bond0', activeSlave: { ifindex: 1, name: 'up1' } };
const SAMPLE = { bonds: [BOND], guests: [GUEST] };

test('what is written is read back, whatever the names of the devices', () => {
  fc.assert(
    fc.property(bonds, guests, (allBonds, allGuests) => {
      const state = { savedAt: ORIGIN.savedAt, bonds: allBonds, guests: allGuests };
      assert.deepEqual(decodeState(encode(state), BOOT), { reason: null, state, dropped: 0 });
    }),
  );
});

test('every truncation is malformed', () => {
  const whole = encode(SAMPLE);
  for (let length = 0; length < whole.length - 1; length++) {
    assert.equal(decodeState(whole.subarray(0, length), BOOT).reason, 'malformed', `${length} bytes`);
  }
});

test('any byte changed gives a named reason or entries that are right', () => {
  const whole = encode(SAMPLE);
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]) {
      const spoilt = Uint8Array.from(whole);
      spoilt[at] = (spoilt[at] ?? 0) ^ flip;
      const decoded = decodeState(spoilt, BOOT);
      if (decoded.reason !== null) assert.ok(REASONS.has(decoded.reason));
      else for (const guest of decoded.state.guests) assert.equal(parseMac(guest.mac), guest.mac);
    }
  }
});

test('bytes and JSON of any kind never throw', () => {
  const check = (bytes: Uint8Array): void => {
    const { reason } = decodeState(bytes, BOOT);
    assert.ok(reason === null || REASONS.has(reason));
  };
  fc.assert(fc.property(fc.uint8Array(), check));
  fc.assert(fc.property(fc.json(), (text) => check(Buffer.from(text))));
  const entries = { bonds: fc.array(fc.jsonValue()), guests: fc.array(fc.jsonValue()) };
  const like = fc.record({ version: fc.constant(VERSION), bootId: fc.constant(BOOT), savedAt: fc.nat(), ...entries });
  fc.assert(fc.property(like, (document) => check(Buffer.from(JSON.stringify(document)))));
  check(Buffer.alloc(1e6, '['));
});

/** The sample as a document in which something was replaced. */
function changed(change: Record<string, unknown>): ReturnType<typeof decodeState> {
  const document = JSON.parse(Buffer.from(encode(SAMPLE)).toString()) as object;
  return decodeState(Buffer.from(JSON.stringify({ ...document, ...change })), BOOT);
}

test('another version, another boot and more than the bounds each have their reason', () => {
  const many = Array.from({ length: MAX_GUESTS + 1 }, () => 0);
  const refusals: [Record<string, unknown>, string][] = [
    [{ version: 0 }, 'version'],
    [{ version: 3, guests: 'in another form' }, 'version'],
    [{ version: '1' }, 'malformed'],
    [{ bootId: BOOT.replace('1', '2') }, 'other-boot'],
    [{ bootId: null }, 'malformed'],
    [{ savedAt: -1 }, 'malformed'],
    [{ guests: {} }, 'malformed'],
    [{ more: 1 }, 'malformed'],
    [{ guests: many }, 'too-large'],
  ];
  for (const [change, reason] of refusals)
    assert.equal(changed(change).reason, reason, JSON.stringify(change).slice(0, 60));
  assert.equal(decodeState(Buffer.alloc(MAX_BYTES + 1, ' '), BOOT).reason, 'too-large');
});

test('a wrong entry is passed over alone, a guest with all its places', () => {
  const wrongPlaces = [
    { ...PLACE, vlan: 4095 },
    { ...PLACE, vlan: 0 },
    { ...PLACE, lastSeen: -1 },
    { ...PLACE, lastSeen: null },
    { ...PLACE, source: 'toString' },
    { ...PLACE, bridge: null },
    { ...PLACE, device: { ifindex: 0, name: 'tap1' } },
    { ...PLACE, device: { ifindex: 1.5, name: 'tap1' } },
    { ...PLACE, device: { ifindex: 7, name: '' } },
    { ...PLACE, more: 1 },
  ];
  const wrongHeard = [
    { ...HEARD, bond: null },
    { ...HEARD, tags: [{ tpid: 0x8100, vid: 4095 }] },
    { ...HEARD, tags: [{ tpid: 0x800, vid: 5 }] },
    { ...HEARD, out: -1 },
    { ...HEARD, in: 'never' },
    { ...HEARD, router: 1 },
    { ...HEARD, advertised: null },
    { ...HEARD, addresses: [['192.0.2.01', 1]] },
    { ...HEARD, addresses: [['224.0.0.1', 1]] },
    { ...HEARD, addresses: [['192.0.2.1']] },
    { ...HEARD, more: 1 },
  ];
  const wrong = [
    ...wrongHeard.map((each) => ({ ...GUEST, heard: [HEARD, each] })),
    { ...GUEST, heard: null },
    ...wrongPlaces.map((each) => ({ ...GUEST, places: [PLACE, each] })),
    ...['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '00:00:00:00:00:00', 'tap1', 7].map((each) => ({
      ...GUEST,
      mac: each,
    })),
    { ...GUEST, places: [], heard: [] },
    { ...GUEST, places: Array.from({ length: 65 }, () => PLACE) },
    null,
    [],
  ];
  for (const entry of wrong) {
    const decoded = changed({ guests: [entry, GUEST], bonds: [BOND, { ...BOND, activeSlave: 1 }] });
    const state = { savedAt: ORIGIN.savedAt, bonds: [BOND], guests: [GUEST] };
    assert.deepEqual(decoded, { reason: null, state, dropped: 2 }, JSON.stringify(entry));
  }
});

test('what is beyond the bounds is not written, and the rest is whole', () => {
  const places = Array.from({ length: 16 }, () => PLACE);
  function* crowd(): Generator<GuestSnapshot> {
    for (let n = 0; ; n++)
      yield { mac: `52:54:${n.toString(16).padStart(8, '0').match(/../g)?.join(':')}` as Mac, places, heard: [] };
  }
  let bytes = 0;
  let lines = 0;
  let last = '';
  for (const piece of encodeState(ORIGIN, { bonds: [], guests: crowd() })) {
    bytes += Buffer.byteLength((last = piece));
    lines++;
  }
  assert.ok(bytes <= MAX_BYTES && bytes > MAX_BYTES - 5000, `${bytes} bytes`);
  assert.ok(lines > 2);
  assert.equal(last, '\n]}\n');
});
