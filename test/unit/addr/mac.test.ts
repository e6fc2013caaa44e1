import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BROADCAST_MAC, isGroupMac, macFromBytes, parseMac, writeMac, ZERO_MAC } from '../../../src/addr/mac.js';

const sixBytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

test('a MAC comes back as the same bytes, and as the text that any tool writes', () => {
  fc.assert(
    fc.property(sixBytes, fc.nat(9), (bytes, offset) => {
      const padded = new Uint8Array(16);
      padded.set(bytes, offset);
      const mac = macFromBytes(padded, offset);
      const hex = Buffer.from(bytes).toString('hex');
      assert.equal(mac, hex.replace(/..(?=.)/g, '$&:'));
      const back = new Uint8Array(16);
      writeMac(mac, back, offset);
      assert.deepEqual(back, padded);
    }),
  );
});

test('a MAC is read in either case, with colons, dashes or dots, and two spellings of one address compare equal', () => {
  fc.assert(
    fc.property(sixBytes, fc.boolean(), fc.constantFrom(':', '-'), (bytes, upper, separator) => {
      const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
      assert.equal(parseMac(upper ? text.toUpperCase() : text), macFromBytes(bytes));
    }),
  );
  assert.equal(parseMac(' 52:54:00:12:34:56\n'), '52:54:00:12:34:56');
  assert.equal(parseMac('5254.00AB.cdef'), '52:54:00:ab:cd:ef');
});

const MALFORMED = [
  ...[
    '',
    ' ',
    '52',
    '52:54:00:12:34',
    '52:54:00:12:34:56:78',
    '525400123456',
    '5254.0012.345',
    '5254.00:12.3456',
    '525400.123456',
    '52:54:0:12:34:56',
  ],
  ...['52:54:00:12:34:5g', '52-54:00-12:34-56', '52:54:00:12:34:', ':52:54:00:12:34:56', '52:54:00:12:34:56/48'],
  ...['52:54:00:12:34:56\n52:54:00:12:34:57', '52 54 00 12 34 56', '５２:54:00:12:34:56', '0x:54:00:12:34:56'],
];

test('text that is no MAC address is refused, not guessed at', () => {
  for (const text of MALFORMED) assert.equal(parseMac(text), undefined, JSON.stringify(text));
});

test('whatever text is given, it is a MAC address in one form or refused', () => {
  const nearly = fc.stringMatching(/^[0-9a-fA-F:.-]{0,20}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      const mac = parseMac(text);
      if (mac !== undefined) assert.match(mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    }),
  );
});

test('group addresses are those whose first byte is odd', () => {
  fc.assert(
    fc.property(sixBytes, (bytes) => {
      assert.equal(isGroupMac(macFromBytes(bytes)), (bytes[0] ?? 0) % 2 === 1);
    }),
  );
  assert.ok(isGroupMac(BROADCAST_MAC));
  assert.ok(!isGroupMac(ZERO_MAC));
});
