import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';
import { HYPERVISOR, type Hypervisor } from './net/hypervisor.js';
import { SHAPES } from './net/shapes.js';

for (const [name, attach] of Object.entries(SHAPES) as [string, (hv: Hypervisor) => void][]) {
  test(`each guest is announced once, with exactly the tags of its own traffic: ${name}`, async (t) => {
    const { lab } = await labWithDaemon(t, { attach });
    const guests = lab.guests.filter(({ port, netns }) => port !== null || netns === HYPERVISOR);
    const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
    const arriving = nextRound(far, expected(guests).length);
    await lab.setActive('up2');
    assert.deepEqual(announced(await arriving), expected(guests));
  });
}
