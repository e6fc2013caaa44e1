import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Ip,
  ipBytes,
  ipFromBytes,
  isLinkLocal,
  isMulticastIp,
  isStationIp,
  parseIp,
} from '../../../src/addr/ip.js';

const groups = fc.array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });

function text(words: readonly number[]): string {
  const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
  return ipFromBytes(bytes, 0, 16) ?? '';
}

test('an IPv6 address reads as the URL standard and RFC 5952 write it', () => {
  fc.assert(
    fc.property(groups, (words) => {
      const full = words.map((word) => word.toString(16)).join(':');
      assert.equal(`[${text(words)}]`, new URL(`http://[${full}]/`).hostname);
      assert.equal(net.isIPv6(text(words)), true);
    }),
    { numRuns: 2000 },
  );
});

test('the examples of RFC 5952 read as it says', () => {
  const examples: [number[], string][] = [
    [[0x2001, 0xdb8, 0, 0, 0, 0, 2, 1], '2001:db8::2:1'],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], '2001:0:0:1::1'],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
    [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
    [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
    [[1, 0, 0, 0, 0, 0, 0, 0], '1::'],
    [[0xfe80, 0, 0, 0, 0xabcd, 0xef01, 0x2345, 0x6789], 'fe80::abcd:ef01:2345:6789'],
  ];
  for (const [words, expected] of examples) assert.equal(text(words), expected);
});

test('an IPv4 address reads as four decimal numbers', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(5), (address, offset) => {
      const bytes = Uint8Array.of(...Array<number>(offset).fill(7), ...address.split('.').map(Number), 7);
      assert.equal(ipFromBytes(bytes, offset, 4), address);
    }),
  );
});

test('bytes of any other length are no address', () => {
  for (const length of [0, 1, 3, 5, 6, 8, 15, 17, 32]) {
    assert.equal(ipFromBytes(new Uint8Array(40), 0, length), undefined);
  }
});

const parsed = (address: string): string | undefined => parseIp(address);

test('an address that is read, in whatever form, is written in one', () => {
  fc.assert(
    fc.property(groups, fc.boolean(), (words, upper) => {
      const full = words.map((word) => word.toString(16).padStart(upper ? 4 : 1, '0')).join(':');
      assert.equal(parsed(upper ? full.toUpperCase() : full), text(words));
      assert.equal(parsed(text(words)), text(words));
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(parsed(address), address)));
});

test('text is an address exactly when Node says so, zones aside', () => {
  const piece = fc.constantFrom(
    ':',
    '::',
    '.',
    '0',
    '1',
    '00',
    'ffff',
    'fe80',
    '10000',
    '255',
    '256',
    '1.2.3.4',
    'g',
    '-1',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV6(),
        fc.ipV4(),
        fc.array(piece, { maxLength: 17 }).map((p) => p.join('')),
      ),
      (address) => {
        assert.equal(parsed(address) !== undefined, net.isIP(address) !== 0, address);
      },
    ),
    { numRuns: 5000 },
  );
});

test('addresses with an IPv4 part, with blanks around and without sense', () => {
  assert.equal(parsed(' 192.0.2.1\n'), '192.0.2.1');
  assert.equal(parsed('::ffff:192.0.2.1'), '::ffff:c000:201');
  assert.equal(parsed('64:ff9b::192.0.2.33'), '64:ff9b::c000:221');
  for (const none of [
    '',
    ' ',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    'fe80::1%eth0',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    ':1',
    '1:',
    '::1.2.3.4:5',
  ]) {
    assert.equal(parsed(none), undefined, none);
  }
});

test('the bytes of an address are those it was read from', () => {
  fc.assert(
    fc.property(fc.constantFrom(4, 16), fc.uint8Array({ minLength: 16, maxLength: 16 }), (length, bytes) => {
      const address = ipFromBytes(bytes, 0, length);
      assert.ok(address);
      assert.deepEqual(ipBytes(address), bytes.subarray(0, length));
    }),
  );
});

test('addresses that a station on a link can have', () => {
  const can = ['10.0.0.1', '1.0.0.0', '223.255.255.255', '169.254.1.1', '2001:db8::1', 'fe80::1', 'fd00::1', 'ff:1::2'];
  const cannot = [
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '224.0.0.1',
    '239.1.1.1',
    '255.255.255.255',
    '::',
    '::1',
    'ff02::1',
  ];
  for (const address of can) assert.equal(isStationIp(address as Ip), true, address);
  for (const address of cannot) assert.equal(isStationIp(address as Ip), false, address);
  assert.deepEqual(
    ['224.0.0.1', '240.0.0.1', 'ff02::1', 'ff::1'].map((ip) => isMulticastIp(ip as Ip)),
    [true, false, true, false],
  );
  assert.deepEqual(
    ['fe80::1', 'febf::1', 'fec0::1', 'fe8::1'].map((ip) => isLinkLocal(ip as Ip)),
    [true, true, false, false],
  );
});
