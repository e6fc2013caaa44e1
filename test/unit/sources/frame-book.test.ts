import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { encodeGratuitousArp, encodeRarp } from '../../../src/frames/arp.js';
import { FrameBook, isPlainRarp } from '../../../src/sources/frame-book.js';

const MAC = '52:54:00:00:00:01' as Mac;
const TAG = { tpid: 0x8100, vid: 905 };
const garp = (n = 1, tags = [TAG]): Uint8Array => encodeGratuitousArp(MAC, `10.0.${n >> 8}.${n & 0xff}` as Ip, tags);

test('a frame is known again for as long as the window, and no other frame is', () => {
  const book = new FrameBook(2);
  book.note(garp(), 100);
  assert.ok(book.has(garp(), 100));
  assert.ok(book.has(garp(), 102));
  assert.ok(!book.has(garp(), 102.1));
  for (const other of [garp(2), garp(1, []), garp(1, [{ tpid: 0x8100, vid: 906 }]), encodeRarp(MAC, [TAG])])
    assert.ok(!book.has(other, 100));
});

test('a priority tag or more padding make no other frame of it', () => {
  const book = new FrameBook(2);
  book.note(garp(1, []), 100);
  assert.ok(book.has(garp(1, [{ tpid: 0x8100, vid: 0 }]), 100));
  const unpadded = garp(1, []).subarray(0, 42);
  assert.ok(book.has(unpadded, 100));
});

test('bytes that are no frame are neither noted nor known', () => {
  const book = new FrameBook(2);
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(13),
    Uint8Array.from({ length: 14 }, (_, n) => (n === 12 ? 0x81 : 0)),
  ]) {
    book.note(bytes, 100);
    assert.ok(!book.has(bytes, 100));
    assert.ok(!isPlainRarp(bytes));
  }
});

test('of more frames than the book holds the oldest go', () => {
  const book = new FrameBook(2);
  for (let n = 0; n < 5000; n++) book.note(garp(n), 100);
  assert.ok(!book.has(garp(0), 100));
  assert.ok(!book.has(garp(903), 100));
  assert.ok(book.has(garp(904), 100));
  assert.ok(book.has(garp(4999), 100));
});

test('the RARP that switches and QEMU send is told from one that asks for another station', () => {
  assert.ok(isPlainRarp(encodeRarp(MAC, [TAG])));
  assert.ok(isPlainRarp(encodeRarp(MAC, []).subarray(0, 42)), 'without padding, as Open vSwitch sends it');
  const other = encodeRarp(MAC, []);
  other[37] = 2; // the last byte of the target's hardware address
  assert.ok(!isPlainRarp(other));
  assert.ok(!isPlainRarp(garp()));
});
