import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Mac } from '../../../src/addr/mac.js';
import { FramePrinter } from '../../../src/cli/frame-printer.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { loadForOthers } from '../../../src/sys/libc.js';
import { loadPcap } from '../../../src/sys/packets/pcap.js';

const MAC = '52:54:00:00:00:01' as Mac;
const at = (time: number, link = 'up1') => ({ time, link, way: 'in' as const, bytes: encodeRarp(MAC, []) });

function printerInto(lines: string[], count = Infinity, unread = () => 0): FramePrinter {
  const nothing = (): void => undefined;
  const output = { text: (line: string) => void lines.push(line), json: nothing, redraws: false, page: nothing };
  return new FramePrinter(false, count, { ...output, error: nothing }, unread);
}

test('frames of several captures are printed in the order of their times', async () => {
  const lines: string[] = [];
  const printer = printerInto(lines);
  for (const time of [3, 1, 2]) printer.add(at(time, `up${time}`));
  await turn();
  assert.deepEqual(
    lines.map((line) => line.split('  ')[1]),
    ['up1', 'up2', 'up3'],
  );
  assert.equal(printer.summary(2), '3 frames, 2 dropped by the kernel');
});

test('so many frames and no more, and then it is done', async () => {
  const lines: string[] = [];
  const printer = printerInto(lines, 2);
  let done = 0;
  printer.onDone = () => void done++;
  printer.add(at(1));
  await turn();
  assert.deepEqual([lines.length, done], [1, 0]);
  for (const time of [2, 3]) printer.add(at(time));
  await turn();
  assert.deepEqual([lines.length, done], [2, 1]);
});

test('what a slow reader does not take is left out and counted', async () => {
  const lines: string[] = [];
  const printer = printerInto(lines, Infinity, () => (lines.length > 0 ? 1 << 30 : 0));
  for (const time of [1, 2, 3]) printer.add(at(time));
  await turn();
  assert.equal(printer.summary(0), '1 frame, 0 dropped by the kernel, 2 skipped because the output was too slow');
});

test('where pcap does not load, one line says what to install', () => {
  const failing = (message: string) => () =>
    loadPcap(() => {
      throw new Error(message);
    });
  const missing = { name: 'MISSING_MODULE', message: /libpcap-dev[^\n]*libpcap-devel[^\n]*npm install pcap[^\n]*$/ };
  assert.throws(failing("Cannot find module 'pcap'\nRequire stack:\n- x"), missing);
  const withoutLibrary = (): unknown =>
    loadPcap(undefined, () => {
      loadForOthers(['libpcap.so.99', 'libpcap.so.98']);
    });
  assert.throws(withoutLibrary, {
    name: 'MISSING_MODULE',
    message: /apt install libpcap0\.8; RHEL: dnf install libpcap\) \(there is no libpcap\.so\.99 or libpcap\.so\.98\)/,
  });
});
