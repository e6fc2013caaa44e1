import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReader, eventLine, type DemoEvent } from '../../lab/demo/events.js';
import { readLink } from '../../lab/demo/link-message.js';
import { Screen } from '../../lab/demo/screen.js';
import { BEGINNING, tell } from '../../lab/demo/story.js';

const RUN: DemoEvent = {
  event: 'run',
  kind: 'without',
  guests: [{ name: 'g1', mac: '52:54:00:00:00:01', vlans: [] }],
  hostMacs: [],
};

test('events survive a console that splits lines and prints things of its own', () => {
  const got: DemoEvent[] = [];
  const reader = new EventReader((event) => got.push(event));
  const text = `a warning\n${eventLine(RUN)}${eventLine({ event: 'step', text: 'x' })}`;
  for (const character of text) reader.feed(character);
  assert.deepEqual(got, [RUN, { event: 'step', text: 'x' }]);
  assert.deepEqual(reader.noise, ['a warning']);
});

test('an event is an event in whatever order its parts are', () => {
  const got: DemoEvent[] = [];
  new EventReader((event) => got.push(event)).feed(eventLine({ text: 'x', event: 'step' }));
  assert.equal(got.length, 1);
});

test('samples are differences of the counters, and move when the cut turns out to be late', () => {
  const events: DemoEvent[] = [
    RUN,
    { event: 'sample', at: 100, sent: 20, received: [20] },
    { event: 'sample', at: 200, sent: 40, received: [36] },
    { event: 'cut', at: 600, switchedAt: 91 },
    { event: 'sample', at: 700, sent: 60, received: [36] },
  ];
  const [run] = events.reduce(tell, BEGINNING).runs;
  assert.deepEqual(run?.samples, [
    [
      { at: -500, sent: 20, arrived: 20 },
      { at: -400, sent: 20, arrived: 16 },
      { at: 100, sent: 20, arrived: 0 },
    ],
  ]);
  assert.equal(run?.switchedAt, 91);
});

test('lines that change are drawn over, and the terminal is left as it was', () => {
  let written = '';
  const screen = new Screen((text) => (written += text), true);
  screen.live(['one', 'two']);
  screen.live(['three']);
  screen.close();
  screen.close();
  assert.equal(written, '\x1b[?25lone\ntwo\n\x1b[2A\r\x1b[Jthree\n\x1b[1A\r\x1b[J\x1b[?25h');
});

test('where nothing can be drawn over, only what stays is written', () => {
  let written = '';
  const screen = new Screen((text) => (written += text), false);
  screen.live(['one']);
  screen.keep(['two']);
  screen.close();
  assert.equal(written, 'two\n');
});

test('a link message tells the name, whether the device is on and whether the bond sends by it', () => {
  const attribute = (type: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(4 + value.length, 0);
    head.writeUInt16LE(type, 2);
    return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
  };
  const slave = attribute(5 | 0x8000, attribute(1, Buffer.from([0])));
  const info = attribute(18, Buffer.concat([attribute(4, Buffer.from('bond\0')), slave]));
  const head = Buffer.alloc(32);
  head.writeUInt16LE(16, 4);
  head.writeUInt32LE(1, 24);
  const message = Buffer.concat([head, attribute(3, Buffer.from('up2\0')), info]);
  assert.deepEqual(readLink(message), { name: 'up2', up: true, active: true });
  assert.deepEqual(readLink(message.subarray(0, 40)), { name: 'up2', up: true, active: null });
  assert.equal(readLink(message.subarray(0, 20)), null);
});
