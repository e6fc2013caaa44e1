import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf, Transcript } from './transcript.js';

const TEXT = `booting\r\n${markOf('tok')}begin\r\none\r\n@@not a mark\r\ntwo${markOf('tok')}end 7\nreboot\n`;

test('output is told from boot noise and markers, wherever the pieces are cut', () => {
  for (let size = 1; size < TEXT.length; size++) {
    let streamed = '';
    const transcript = new Transcript('tok', (text) => (streamed += text));
    for (let at = 0; at < TEXT.length; at += size) transcript.feed(TEXT.slice(at, at + size), at);
    assert.equal(transcript.boot, 'booting\n');
    assert.equal(transcript.output, 'one\n@@not a mark\ntwo');
    assert.equal(streamed, transcript.output);
    assert.equal(transcript.exitCode, 7);
  }
});

test('output comes at once, also the part of a line', () => {
  let streamed = '';
  const transcript = new Transcript('tok', (text) => (streamed += text));
  transcript.feed(`${markOf('tok')}begin\n50 %`, 1);
  assert.equal(streamed, '50 %');
});
