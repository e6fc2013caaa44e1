import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import { attribute, message, nested, u8 } from '../../support/netlink.js';

const [RTM_NEWVLAN, RTM_DELVLAN] = [112, 113];
const [ENTRY, GLOBAL] = [0x8001, 0x8002];
const PORT = Buffer.from('0700000005000000', 'hex');

/** struct bridge_vlan_info: PVID is 2, untagged 4. */
const info = (vid: number, flags = 0): Buffer => words(1, flags, vid);
const last = (vid: number): Buffer => words(2, vid);
const state = (value: number): Buffer => u8(3, value);

function words(type: number, ...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, n) => bytes.writeUInt16LE(value, 2 * n));
  return attribute(type, bytes);
}

test('VLANs of a port come with their range, flags and state; what else there is of them is passed over', () => {
  const stats = nested(5, Buffer.alloc(8));
  const entries = [nested(ENTRY, info(1, 6), state(3)), nested(ENTRY, info(10), last(19), state(4), stats)];
  assert.deepEqual(decodeDatagram(message({ type: RTM_NEWVLAN }, PORT, ...entries)), [
    {
      type: 'portVlans',
      gone: false,
      ifindex: 5,
      vlans: [
        { first: 1, last: 1, untagged: true, pvid: true, state: 3 },
        { first: 10, last: 19, untagged: false, pvid: false, state: 4 },
      ],
    },
  ]);
});

test('VLANs that go have no state', () => {
  const [event] = decodeDatagram(message({ type: RTM_DELVLAN }, PORT, nested(ENTRY, info(905))));
  assert.ok(event?.type === 'portVlans' && event.gone);
  assert.deepEqual(event.vlans, [{ first: 905, last: 905, untagged: false, pvid: false, state: null }]);
});

test('a bridge says in which instance of spanning tree its VLANs are', () => {
  const [id, range, msti] = [
    (vid: number) => words(1, vid),
    (vid: number) => words(2, vid),
    (of: number) => words(18, of),
  ];
  const options = [nested(GLOBAL, id(10), range(19), msti(5)), nested(GLOBAL, id(20), msti(0))];
  assert.deepEqual(decodeDatagram(message({ type: RTM_NEWVLAN }, PORT, ...options)), [
    {
      type: 'vlanInstances',
      ifindex: 5,
      instances: [
        { first: 10, last: 19, msti: 5 },
        { first: 20, last: 20, msti: 0 },
      ],
    },
  ]);
});

test('other options of a whole bridge, an entry without a VLAN and a range that ends before it begins say nothing', () => {
  for (const entry of [nested(GLOBAL, words(1, 10)), nested(ENTRY, state(3)), nested(ENTRY, info(10), last(9))])
    assert.deepEqual(decodeDatagram(message({ type: RTM_NEWVLAN }, PORT, entry)), []);
});
