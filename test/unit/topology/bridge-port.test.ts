import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PortVlansEvent } from '../../../src/kernel/events.js';
import { type BridgePort, pvidOf, stateIn, vlanMembership, withVlans } from '../../../src/topology/bridge-port.js';

const [DISABLED, FORWARDING, BLOCKING] = [0, 3, 4];
const MOST = 12;

const range = (first: number, last = first, more = {}) => ({ first, last, untagged: false, pvid: false, ...more });
const NATIVE = range(1, 1, { untagged: true, pvid: true });
const told = (...vlans: PortVlansEvent['vlans']): PortVlansEvent => ({
  type: 'portVlans',
  gone: false,
  ifindex: 1,
  vlans,
});
const taken = (...vlans: PortVlansEvent['vlans']): PortVlansEvent => ({ ...told(...vlans), gone: true });

test('a VLAN that becomes the PVID takes that from another, and one that is taken away leaves the rest of its range', () => {
  const port: BridgePort = { state: FORWARDING, vlans: [NATIVE, range(10, 19)] };
  const moved = withVlans(port, told({ ...range(100), untagged: true, pvid: true, state: FORWARDING }), false);
  assert.deepEqual(moved.vlans, [
    { ...NATIVE, pvid: false },
    range(10, 19),
    range(100, 100, { untagged: true, pvid: true }),
  ]);
  assert.equal(pvidOf(moved), 100);
  const cut = withVlans(port, taken({ ...range(12, 13), state: null }), false);
  assert.deepEqual(cut.vlans, [NATIVE, range(10, 11), range(14, 19)]);
});

test('without MST a VLAN counts while its port forwards; with MST the VLAN alone, and one like its port follows it', () => {
  const blocked = told({ ...range(10), state: BLOCKING }, { ...range(20), state: FORWARDING });
  const plain = withVlans({ state: FORWARDING, vlans: [] }, blocked, false);
  assert.deepEqual(
    [10, 20, 30].map((vid) => stateIn(plain, vid, false)),
    [BLOCKING, FORWARDING, FORWARDING],
  );
  assert.equal(stateIn({ ...plain, state: DISABLED }, 10, false), DISABLED);
  assert.equal(stateIn(plain, null, false), FORWARDING);
  const shut = withVlans({ state: BLOCKING, vlans: [] }, blocked, true);
  assert.deepEqual(
    [10, 20].map((vid) => stateIn(shut, vid, true)),
    [BLOCKING, FORWARDING],
  );
  const opened = { ...shut, state: FORWARDING };
  assert.deepEqual(
    [10, 20].map((vid) => stateIn(opened, vid, true)),
    [FORWARDING, FORWARDING],
  );
});

test('a state of the past goes with the VLAN, and with the word that it is as usual', () => {
  const port: BridgePort = { state: FORWARDING, vlans: [], states: [{ first: 10, last: 12, state: BLOCKING }] };
  assert.deepEqual(withVlans(port, taken({ ...range(11), state: null }), false).states, [
    { first: 10, last: 10, state: BLOCKING },
    { first: 12, last: 12, state: BLOCKING },
  ]);
  assert.deepEqual(withVlans(port, told({ ...range(10, 12), state: FORWARDING }), false).states, []);
});

/** Ranges of one message: in any order, none over another, one PVID at most. */
const anyRanges = fc
  .uniqueArray(fc.integer({ min: 1, max: MOST }), { maxLength: 6 })
  .chain((bounds) =>
    fc.tuple(
      fc.constant([...bounds].sort((a, b) => a - b)),
      fc.array(fc.record({ untagged: fc.boolean(), state: fc.constantFrom(null, DISABLED, FORWARDING, BLOCKING) }), {
        minLength: 3,
        maxLength: 3,
      }),
      fc.constantFrom(null, 0, 1, 2),
      fc.boolean(),
    ),
  )
  .map(([bounds, options, pvid, reversed]) => {
    const vlans = options.flatMap((option, n) => {
      const [first, last] = bounds.slice(2 * n, 2 * n + 2);
      if (first === undefined) return [];
      return [pvid === n ? { ...range(first), ...option, pvid: true } : { ...range(first, last ?? first), ...option }];
    });
    return reversed ? vlans.reverse() : vlans;
  });

/** The same, VLAN by VLAN. */
class Table {
  readonly rows = new Map<number, { untagged: boolean; pvid: boolean; state: number | null }>();

  apply({ gone, vlans }: PortVlansEvent): void {
    for (const { first, last, untagged, pvid, state } of vlans) {
      if (pvid && !gone) for (const row of this.rows.values()) row.pvid = false;
      for (let vid = first; vid <= last; vid++) {
        this.rows.delete(vid);
        if (!gone) this.rows.set(vid, { untagged, pvid, state });
      }
    }
  }
}

test('whatever is told of VLANs, each is as it was last told, and the ranges are in order and as few as can be', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ vlans: anyRanges, gone: fc.boolean() }), { maxLength: 20 }), (messages) => {
      const table = new Table();
      let port: BridgePort = { state: FORWARDING, vlans: [] };
      for (const { vlans, gone } of messages) {
        const event = gone ? taken(...vlans) : told(...vlans);
        table.apply(event);
        port = withVlans(port, event, false);
      }
      for (let vid = 1; vid <= MOST; vid++) {
        const row = table.rows.get(vid);
        assert.equal(vlanMembership(port.vlans, vid), row ? (row.untagged ? 'untagged' : 'tagged') : 'none');
        if (row) assert.equal(stateIn(port, vid, false), row.state ?? FORWARDING);
      }
      assert.equal(pvidOf(port), [...table.rows].find(([, { pvid }]) => pvid)?.[0] ?? null);
      for (const [n, here] of port.vlans.entries()) {
        const before = port.vlans[n - 1];
        assert.ok(!before || before.last < here.first);
        const same = before?.last === here.first - 1 && before.untagged === here.untagged && before.pvid === here.pvid;
        assert.ok(!same, JSON.stringify(port.vlans));
      }
    }),
  );
});
