import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { bpduFilter } from '../../../src/kernel/bpf/bpdu-filter.js';
import { parseDdd, parseProgram, runBpf } from '../../support/bpf.js';

const OURS = parseProgram(encodeProgram(bpduFilter()));

const EXPRESSION = [
  '(ether dst 01:80:c2:00:00:00 and ether[12:2] <= 1500 and ether[14:2] = 0x4242)',
  '(ether dst 01:00:0c:cc:cc:cd and ether[12:2] <= 1500 and ether[20:2] = 0x010b)',
].join(' or ');
const THEIRS = parseDdd(execFileSync('tcpdump', ['-ddd', '-y', 'EN10MB', EXPRESSION], { encoding: 'utf8' }));

const SRC = '020000000001';
/** A configuration BPDU, and a rapid one of PVST+ (its LLC and SNAP headers first). */
const STP = `0180c2000000${SRC}0026424203${'00'.repeat(35)}`;
const PVST = `01000ccccccd${SRC}0032aaaa0300000c010b${'00'.repeat(42)}`;
const LACP = `0180c2000002${SRC}8809${'00'.repeat(46)}`;
const LLDP = `0180c2000000${SRC}88cc${'00'.repeat(46)}`;
const CDP = `01000ccccccc${SRC}0032aaaa0300000c2000${'00'.repeat(42)}`;

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

test('spanning tree passes, of IEEE 802.1D and of Cisco; what else switches say to each other does not', () => {
  const passes = [STP, PVST, LACP, LLDP, CDP].map((hex) => runBpf(OURS, bytesOf(hex)) > 0);
  assert.deepEqual(passes, [true, true, false, false, false]);
});

test("the filter passes what libpcap's own program passes", () => {
  const anyFrame = fc
    .tuple(fc.constantFrom(STP, PVST, LACP, LLDP, CDP), fc.nat(70), fc.nat(24), fc.nat(255), fc.boolean())
    .map(([hex, length, at, byte, spoilt]) => {
      const frame = Buffer.from(bytesOf(hex).subarray(0, length));
      if (spoilt && at < frame.length) frame[at] = byte;
      return frame;
    });
  fc.assert(
    fc.property(anyFrame, (frame) => {
      assert.equal(runBpf(OURS, frame) > 0, runBpf(THEIRS, frame) > 0, frame.toString('hex'));
    }),
    { numRuns: 5000 },
  );
});
