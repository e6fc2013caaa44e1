import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labFor } from './net/lab.js';
import { Stream } from './net/stream.js';

test('without an announcer a silent guest stays dark to the end of the test', async (t) => {
  const lab = await labFor(t);
  const stream = await Stream.start(lab);
  await stream.goesOn(100);
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await stream.goesOn(400);
  for (const { guest, longestOutage, darkAtEnd, packets } of await stream.stop()) {
    const lost = packets.filter((packet) => !packet.arrived).length;
    t.diagnostic(`${guest.name}: ${longestOutage.toFixed(0)} ms, ${lost} of ${packets.length} lost`);
    assert.ok(darkAtEnd, `${guest.name} is dark at the end`);
    assert.ok(longestOutage > 1500, `${guest.name} was dark for ${longestOutage} ms`);
  }
});
