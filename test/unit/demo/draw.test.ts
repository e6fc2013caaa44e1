import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameLines } from '../../lab/demo/draw/frames.js';
import { lookOf, wrap, type Look } from '../../lab/demo/draw/look.js';
import { metricLines } from '../../lab/demo/draw/metrics.js';
import { closeUp, runPanel } from '../../lab/demo/draw/run-panel.js';
import { topology } from '../../lab/demo/draw/topology.js';
import { BEGINNING, tell, type RunView } from '../../lab/demo/story.js';
import { rarp } from '../../lab/net/frames.js';

const PLAIN: Look = { columns: 80, colour: false, unicode: true };
const MAC = '52:54:00:00:00:01';

function finishedRun(): RunView {
  const sentAt = Array.from({ length: 1100 }, (_, n) => n * 5 - 500);
  const arrived = sentAt.map((at) => (at >= 0 && at < 95 ? '0' : '1')).join('');
  const guests = [{ name: 'g1', mac: MAC, vlans: [] }];
  const result = {
    ...{ kind: 'with' as const, sentAt, switchedAt: 91.2, frames: [], metrics: null },
    guests: [{ name: 'g1', arrived, outageMs: 95, darkAtEnd: false }],
  };
  const begun = tell(BEGINNING, { event: 'run', kind: 'with', guests, hostMacs: [] });
  return tell(begun, { event: 'result', result }).runs[0] as RunView;
}

test('a finished run is drawn with its outage, and closer around the cut', () => {
  assert.deepEqual(runPanel(finishedRun(), PLAIN), [
    '2. With bondherald (one cell: 100 ms; full: all arrived, dot: nothing did)',
    '          ▼▽ link cut, bond on up2 91 ms later',
    `  g1 █████▁${'█'.repeat(49)}  95 ms dark`,
    '          0         1 s       2 s       3 s       4 s       5 s',
  ]);
  assert.equal(closeUp(finishedRun(), PLAIN)[2], `  g1 █████····▂${'█'.repeat(48)}  95 ms dark`);
});

test('what is drawn live is no wider than the terminal, from 60 columns up', () => {
  for (const columns of [60, 72, 80, 100, 133, 160]) {
    for (const line of runPanel(finishedRun(), { ...PLAIN, columns })) {
      assert.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
    }
  }
});

test('the topology has an ASCII form of the same shape', () => {
  const ascii = topology({ ...PLAIN, unicode: false });
  assert.match(ascii.join(''), /^[\x20-\x7e]*$/);
  assert.deepEqual(
    ascii.map((line) => line.length),
    topology(PLAIN).map((line) => line.length),
  );
});

test('frames are written in tcpdump’s manner with their times since the cut and since the switch', () => {
  const frames = [{ at: 92.34, hex: rarp(MAC, [{ vid: 10, tpid: 0x8100 }]).toString('hex') }];
  assert.deepEqual(frameLines({ frames, switchedAt: 91.2 }, () => null, PLAIN).slice(2), [
    '    +92.3ms    +1.1ms  52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff, vlan 10,',
    '          RARP op 3 who-is 52:54:00:00:00:01 tell 52:54:00:00:00:01, length 60',
  ]);
});

test('of many frames the first are shown and the rest is counted, but a wrong one is always shown', () => {
  const frames = Array.from({ length: 20 }, (_, n) => ({ at: 90 + n, hex: rarp(MAC).toString('hex') }));
  const wide = { ...PLAIN, columns: 160 };
  const lines = frameLines({ frames, switchedAt: 90 }, ({ at }) => (at === 100 ? 'odd' : null), wide);
  assert.equal(lines.length, 2 + 8 + 2 + 1);
  assert.equal(lines[11], '  WRONG: odd');
  assert.equal(lines[12], '  and 11 more up to +109.0ms');
  assert.deepEqual(frameLines({ frames: [], switchedAt: 90 }, () => null, PLAIN).length, 1);
});

test('of the metrics those about the failover are shown, latencies as the mean of what was observed', () => {
  const text = [
    '# HELP bondherald_guests Guests',
    'bondherald_guests{bond="bond0",source="fdb"} 3',
    'process_open_fds 27',
    'bondherald_announcement_first_frame_seconds_sum{bond="bond0"} 0.0005',
    'bondherald_announcement_first_frame_seconds_count{bond="bond0"} 2',
  ].join('\n');
  assert.deepEqual(metricLines(text, PLAIN).slice(1), [
    '  bondherald_guests{bond="bond0",source="fdb"}                     3',
    '  bondherald_announcement_first_frame_seconds{bond="bond0"} 0.000250',
  ]);
});

test('colours need a terminal and no NO_COLOR, block characters a UTF-8 locale', () => {
  const look = (env: Record<string, string>, isTTY = true): Look => lookOf({ isTTY, columns: 100, env });
  assert.deepEqual(look({ LANG: 'C.UTF-8' }), { columns: 100, colour: true, unicode: true });
  assert.equal(look({ NO_COLOR: '1' }).colour, false);
  assert.equal(look({ NO_COLOR: '' }).colour, true);
  assert.equal(look({ TERM: 'dumb' }).colour, false);
  assert.equal(look({}, false).colour, false);
  assert.equal(look({ LANG: 'C.UTF-8', LC_ALL: 'C' }).unicode, false);
  assert.equal(lookOf({ isTTY: false, columns: undefined, env: {} }).columns, 80);
});

test('a line too long is cut behind a comma', () => {
  assert.deepEqual(wrap('one, two, three', 9, 2), ['one, two,', '  three']);
  assert.deepEqual(wrap('one, two, three', 20, 2), ['one, two, three']);
});
