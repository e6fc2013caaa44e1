import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { type PassingFrames, watchFilter } from '../../../src/kernel/bpf/snoop-filter.js';
import { parseDdd, parseProgram, runBpf } from '../../support/bpf.js';
import * as say from '../../support/say.js';

const MARK = 0xfeed;
const [HOST, OUTGOING, LOOPBACK] = [0, 4, 5];
const LL = { from: 'fe80::1', target: 'fe80::1' };
const TAG = { tpid: 0x8100, vid: 905 };

/** Before a program that passes what is longer than 70 bytes, as libpcap compiles `greater 71`. */
const SECOND = parseDdd('4\n128 0 0 0\n53 0 1 71\n6 0 0 99\n6 0 0 0').map((op) =>
  op.code === 128 ? { ...op, code: 0x20, k: 0xfffff000 + 60 } : op,
);

function passed(frames: PassingFrames, frame: Uint8Array, type: number, mark = 0): number {
  const program = [...parseProgram(encodeProgram(watchFilter(frames, MARK))), ...SECOND];
  return runBpf(program, frame, { 4: type, 20: mark, 60: frame.length });
}

test('each capture gets the frames of one way, and none gets what the host says to itself', () => {
  const rarp = say.rarp({ src: '52:54:00:00:00:01', tags: Array(5).fill(TAG).slice(0, 2) });
  const long = Buffer.concat([rarp, Buffer.alloc(20)]);
  const ways = (type: number, mark = 0): PassingFrames[] =>
    (['in', 'out', 'ours'] as const).filter((way) => passed(way, long, type, mark) === 99);
  assert.deepEqual(ways(HOST), ['in']);
  assert.deepEqual(ways(HOST, MARK), ['in'], 'a mark does not come by the wire');
  assert.deepEqual(ways(OUTGOING), ['out']);
  assert.deepEqual(ways(OUTGOING, MARK), ['ours']);
  assert.deepEqual(ways(LOOPBACK, MARK), []);
  assert.equal(passed('in', rarp.subarray(0, 60), HOST), 0, 'the second program has its say');
});

test('ARP, RARP and ND pass behind up to two tags; DHCP and the rest do not', () => {
  for (const tags of [[], [TAG], [{ tpid: 0x88a8, vid: 1 }, TAG]]) {
    const ends = { src: '52:54:00:00:00:01', tags };
    const longer = (frame: Buffer): Buffer => Buffer.concat([frame, Buffer.alloc(20)]);
    const passes = (frame: Buffer): boolean => passed('in', longer(frame), HOST) > 0;
    const wanted = [say.arp(ends, { spa: '10.0.0.1', tpa: '10.0.0.1' }), say.rarp(ends)];
    for (const make of [say.ns, say.na, say.rs, say.ra]) wanted.push(make(ends, LL));
    assert.ok(wanted.every(passes));
    assert.ok(!passes(say.dhcp(ends, { type: 3, from: '10.0.0.1' })));
    assert.ok(!passes(say.icmp6(ends, 128, LL, '00000000')));
  }
});
