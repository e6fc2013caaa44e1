import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipFromBytes } from '../../../src/addr/ip.js';

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
