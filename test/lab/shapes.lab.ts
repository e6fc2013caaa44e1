import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dissect } from '../support/dissect.js';
import { capture } from './net/capture.js';
import type { Hypervisor } from './net/hypervisor.js';
import { labFor } from './net/lab.js';
import { SHAPES } from './net/shapes.js';
import { Stream } from './net/stream.js';

for (const [name, attach] of Object.entries(SHAPES) as [string, (hv: Hypervisor) => void][]) {
  test(`in the lab, a guest is reached from outside, with its tags on the wire: ${name}`, async (t) => {
    const lab = await labFor(t, { attach });
    const far = capture(lab, 'sw1', 'p-hv');
    lab.guests.forEach((guest) => lab.speakOnce(guest));
    await far.settled();
    for (const { mac, wire } of lab.guests) {
      const heard = far.frames.map(({ bytes }) => dissect(bytes)).filter((frame) => frame.src === mac);
      assert.deepEqual(
        heard.map((frame) => frame.tags),
        wire === null ? [] : [wire],
      );
    }
    const stream = await Stream.start(lab, { guests: lab.guests.filter((guest) => guest.wire !== null) });
    await stream.goesOn(20);
    for (const { longestOutage } of await stream.stop()) assert.equal(longestOutage, 0);
  });
}
