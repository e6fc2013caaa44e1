import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { standbyFilter } from '../../../src/kernel/bpf/snoop-filter.js';
import { parseProgram, runBpf } from '../../support/bpf.js';
import * as say from '../../support/say.js';

const PROGRAM = parseProgram(encodeProgram(standbyFilter()));
const passes = (frame: Uint8Array): boolean => runBpf(PROGRAM, frame) > 0;
const SRC = '52:54:00:00:00:01';

/** The same frame to another station. */
function to(dst: string, frame: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(dst.replaceAll(':', ''), 'hex'), frame.subarray(6)]);
}

for (const tags of [[], [905], [{ tpid: 0x88a8, vid: 10 }, 20]] as say.SaidTag[][]) {
  test(`broadcasts of ARP and DHCP pass, and nothing else does: ${tags.length} tags`, () => {
    const ends = { src: SRC, tags };
    const wanted = [
      to('ff:ff:ff:ff:ff:ff', say.arp(ends, { spa: '10.0.0.1', tpa: '10.0.0.2' })),
      to('ff:ff:ff:ff:ff:ff', say.dhcp(ends, { type: 3, from: '10.9.0.3', ciaddr: '10.9.0.3' })),
    ];
    for (const frame of wanted) {
      assert.ok(passes(frame));
      assert.ok(!passes(to('ff:ff:ff:ff:ff:fe', frame)), 'a group');
      assert.ok(!passes(to('52:54:00:00:00:02', frame)), 'one station');
    }
    const others = [
      say.icmp6(ends, 135, { from: 'fe80::1', to: 'ff02::1' }, '00000000'),
      say.groupQuery(ends, '10.9.0.3', 3),
    ];
    for (const frame of others) assert.ok(!passes(to('ff:ff:ff:ff:ff:ff', frame)));
  });
}
