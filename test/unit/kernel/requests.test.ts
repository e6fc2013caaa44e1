import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeSlaveRequest, type DumpTable, dumpRequest, vlanInstancesRequest } from '../../../src/kernel/requests.js';

/** What `strace ip link`, `bridge vlan`, `bridge fdb`, `ip neigh`, `ip addr` and `ip netconf` show them send, on a little-endian host. */
const EXPECTED: Record<DumpTable, string> = {
  // length, type, flags, seq | port id | family … | attribute IFLA_EXT_MASK
  links: '28000000 1200 0103 07000000 00000000 00000000000000000000000000000000 0800 1d00 08000000',
  bridgePorts: '28000000 1200 0103 07000000 00000000 07000000000000000000000000000000 0800 1d00 04000000',
  portVlans: '18000000 7200 0103 07000000 00000000 0700000000000000',
  fdb: '1c000000 1e00 0103 07000000 00000000 070000000000000000000000',
  neighbours4: '1c000000 1e00 0103 07000000 00000000 020000000000000000000000',
  neighbours6: '1c000000 1e00 0103 07000000 00000000 0a0000000000000000000000',
  addresses: '18000000 1600 0103 07000000 00000000 0000000000000000',
  forwarding: '14000000 5200 0103 07000000 00000000 0a000000',
};

for (const table of Object.keys(EXPECTED) as DumpTable[]) {
  test(`the request for a dump of ${table} is byte for byte what the kernel expects`, () => {
    assert.equal(Buffer.from(dumpRequest(table, 7)).toString('hex'), EXPECTED[table].replaceAll(' ', ''));
  });
}

test('the number of a request is its own', () => {
  assert.equal(Buffer.from(dumpRequest('fdb', 0xdeadbeef)).readUInt32LE(8), 0xdeadbeef);
});

test('the request for the instances of VLANs is what `bridge vlan global show dev br0` sends', () => {
  const expected = '20000000 7200 0103 07000000 00000000 0700000005000000 0800 0100 02000000';
  assert.equal(Buffer.from(vlanInstancesRequest(5, 7)).toString('hex'), expected.replaceAll(' ', ''));
});

test('the request for another active slave is what `ip link set bond0 type bond active_slave up2` sends, but for its flags', () => {
  // length, type, flags (REQUEST), seq | port id | family and type, ifindex, flags, change | LINKINFO, KIND bond, DATA, ACTIVE_SLAVE
  const expected =
    '3c000000 1000 0100 ffffffff 00000000 00000000050000000000000000000000' +
    '1c00 1200 0900 0100 626f6e6400000000 0c00 0200 0800 0200 03000000';
  assert.equal(Buffer.from(activeSlaveRequest(5, 3)).toString('hex'), expected.replaceAll(' ', ''));
});
