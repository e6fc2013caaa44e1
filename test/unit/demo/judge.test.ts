import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunResult } from '../../lab/demo/events.js';
import { faultOf, judge } from '../../lab/demo/judge.js';
import type { RunView } from '../../lab/demo/story.js';
import { rarp } from '../../lab/net/frames.js';

const GUEST = { name: 'g1', mac: '52:54:00:00:00:01', vlans: [10] };
const TAG = { vid: 10, tpid: 0x8100 };
const HOST = '02:00:00:00:0b:01';

function run(kind: 'without' | 'with', change: Partial<RunResult> = {}): RunView {
  const darkAtEnd = kind === 'without';
  const guests = [{ name: 'g1', arrived: '10', outageMs: darkAtEnd ? 5000 : 92.4, darkAtEnd }];
  const result = { kind, sentAt: [-5, 0], guests, switchedAt: 90, frames: [], metrics: null, ...change };
  return { kind, guests: [GUEST], hostMacs: [HOST], samples: [], cut: true, cutAt: 500, switchedAt: 90, result };
}

const seen = (bytes: Buffer): { at: number; hex: string } => ({ at: 91, hex: bytes.toString('hex') });

test('the last line says what was gained', () => {
  assert.deepEqual(judge([run('without'), run('with')]), {
    ok: true,
    line: 'worst outage: dark to the end (5 s) without bondherald, 92 ms with it',
  });
});

test('a guest that stays dark with the daemon fails the demo', () => {
  const dark = run('with', { guests: [{ name: 'g1', arrived: '10', outageMs: 5000, darkAtEnd: true }] });
  const { ok, line } = judge([run('without'), dark]);
  assert.equal(ok, false);
  assert.equal(line, 'failed: g1 stayed dark although bondherald was running');
});

test('a frame with a wrong tag fails the demo although every guest came back', () => {
  const { ok, line } = judge([run('without'), run('with', { frames: [seen(rarp(GUEST.mac))] })]);
  assert.equal(ok, false);
  assert.equal(line, 'failed: wrong MAC or tag on 1 of 1 frames');
});

test('a guest that comes back without the daemon shows nothing, and a run that is missing neither', () => {
  const lucky = run('without', { guests: [{ name: 'g1', arrived: '11', outageMs: 0, darkAtEnd: false }] });
  assert.equal(judge([lucky, run('with')]).ok, false);
  assert.equal(judge([run('without')]).ok, false);
  assert.equal(judge([]).ok, false);
});

test('a frame is right with its guest’s MAC and tags, or with the host’s own MAC and none', () => {
  const fault = (bytes: Buffer): string | null => faultOf(seen(bytes), run('with'));
  assert.equal(fault(rarp(GUEST.mac, [TAG])), null);
  assert.equal(fault(rarp(HOST)), null);
  assert.equal(fault(rarp(GUEST.mac)), 'g1 has VLAN 10, not no tag');
  assert.equal(fault(rarp(GUEST.mac, [TAG, TAG])), 'g1 has VLAN 10, not VLAN 10 in 10');
  assert.equal(fault(rarp('52:54:00:00:00:09')), '52:54:00:00:00:09 is no guest');
  const other = Buffer.from(rarp(GUEST.mac, [TAG]));
  other.writeUInt8(9, 18 + 8 + 5);
  assert.equal(fault(other), 'it speaks of 52:54:00:00:00:09');
});
