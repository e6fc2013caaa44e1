import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMirrorEcho, encodeOtherEchoes } from '../../../src/frames/mirror-echo.js';
import { readFrame } from '../../../src/sources/snoop.js';

test('the frame that tries a mirror goes no further than a switch, names no station, and says nothing to our ears', () => {
  const bytes = encodeMirrorEcho();
  assert.equal(bytes.length, 60);
  assert.equal(
    Buffer.from(bytes.subarray(0, 42)).toString('hex'),
    // to the nearest bridge, from no station, ARP for Ethernet and IPv4, OP_EXP1, from 98.111.110.100
    '0180c200000e' + '000000000000' + '0806' + '0001080006040018' + '000000000000' + '626f6e64' + '0'.repeat(20),
  );
  assert.equal(readFrame(bytes, 'in'), 'zero-source');
});

test('nor do those of other protocols', () => {
  for (const bytes of encodeOtherEchoes()) {
    assert.equal(Buffer.from(bytes.subarray(0, 12)).toString('hex'), '0180c200000e000000000000');
    assert.equal(readFrame(bytes, 'in'), 'zero-source');
  }
});
