import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, dissect } from '../support/dissect.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { chatter, rarp } from './net/frames.js';
import { labFor } from './net/lab.js';

const CTAG = { tpid: 0x8100, vid: 905 };
const STAG = { tpid: 0x88a8, vid: 20 };

test('a captured frame shows every tag it had on the wire, also those the kernel strips', async (t) => {
  const lab = await labFor(t, { teach: false });
  const far = capture(lab, 'sw1', 'p-hv', { filter: 'ether proto 0x8035 or vlan' });
  const mac = '52:54:00:00:00:77';
  const stacks = [[], [CTAG], [STAG, CTAG], [CTAG, { tpid: 0x8100, vid: 7 }]];
  lab.inject('hv', 'bond0', ...stacks.map((tags) => rarp(mac, tags)));
  await until(() => far.frames.length >= stacks.length, { what: 'as many frames' });
  assert.deepEqual(
    far.frames.map(({ bytes }) => dissect(bytes).tags),
    stacks,
  );
  for (const { bytes } of far.frames) {
    const { arp, src } = dissect(bytes);
    assert.deepEqual(arp, { op: 3, sha: mac, spa: '0.0.0.0', tha: mac, tpa: '0.0.0.0' });
    assert.equal(src, mac);
    t.diagnostic(describe(bytes));
  }
});

test('frames that the kernel tags itself are captured with their tags and with times in order', async (t) => {
  const lab = await labFor(t, {
    attach: (hv) => {
      hv.bridge('br0');
      hv.port('br0', hv.vlan(hv.vlan('bond0', 10, '802.1ad'), 20));
      hv.guest('br0', { wire: [{ tpid: 0x88a8, vid: 10 }, 20] });
    },
  });
  const far = capture(lab, 'sw1', 'p-hv');
  const before = Date.now();
  for (let n = 0; n < 100; n++) lab.speakOnce(lab.guest('g1'));
  await far.settled();
  const tags = [
    { tpid: 0x88a8, vid: 10 },
    { tpid: 0x8100, vid: 20 },
  ];
  assert.equal(far.frames.length, 100);
  for (const { bytes } of far.frames) assert.deepEqual(dissect(bytes).tags, tags);
  const times = far.frames.map((frame) => frame.time);
  assert.deepEqual(times, times.toSorted());
  assert.ok(
    times.every((time) => time >= before - 1 && time <= Date.now() + 1),
    'the times are those of sending',
  );
});

test('a capture that is waited for ends the wait with the frame, and one that never comes with a message', async (t) => {
  const lab = await labFor(t, { teach: false });
  const far = capture(lab, 'sw2', 'p-client');
  const ours = (mac: string) => (frame: { bytes: Buffer }) => dissect(frame.bytes).src === mac;
  const coming = far.waitFor(ours('52:54:00:00:00:78'));
  lab.inject('sw1', 'fabric', chatter('52:54:00:00:00:78'));
  assert.equal((await coming).bytes.length, 60);
  await assert.rejects(far.waitFor(ours('52:54:00:00:00:79'), { timeout: 50 }), /waited 50 ms in vain/);
});
