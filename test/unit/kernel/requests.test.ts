import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DumpTable, dumpRequest } from '../../../src/kernel/requests.js';

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
