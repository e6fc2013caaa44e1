import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LabOptions } from './net/build.js';
import { labWithDaemon } from './net/daemon.js';
import { assertOutage, stalled } from './net/outage.js';
import { Stream } from './net/stream.js';

/** miimon 100 finds a dead link within 100 ms; what is left for us, the switch and the lab's 10 ms clock is 50 ms. */
const LIMIT_MS = 150;

/** A lab with a daemon whose first rounds are printed at the end. */
async function labWithFigures(t: TestContext, options?: LabOptions): ReturnType<typeof labWithDaemon> {
  const made = await labWithDaemon(t, options);
  t.after(() => {
    for (const [, us] of made.daemon.stderr.matchAll(/failover announced .*last_frame_us=(\d+)/g))
      console.log(`first round: ${us} us`);
  });
  return made;
}

test('a silent guest is reachable again within 150 ms when its link fails', async (t) => {
  const { lab } = await labWithFigures(t);
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutLink(1);
    await lab.untilActive('up2');
  });
});

test('a silent guest stays reachable when the first link comes back and takes over again', async (t) => {
  const { lab } = await labWithFigures(t, { bond: { miimon: 100, primary: 'up1' } });
  await lab.cutLink(1);
  await lab.untilActive('up2');
  for (const from of ['client', 'client2']) {
    await assertOutage(lab, { limit: LIMIT_MS, from }, async () => {
      await lab.mendLink(1);
      await lab.untilActive('up1');
    });
    await lab.cutLink(1);
    await lab.untilActive('up2');
  }
});

test('a silent guest stays reachable when an administrator switches the active slave', async (t) => {
  const { lab } = await labWithFigures(t);
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.setActive('up2');
    await lab.untilActive('up2');
  });
  await assertOutage(lab, { limit: LIMIT_MS, from: 'client2' }, async () => {
    await lab.setActive('up1');
    await lab.untilActive('up1');
  });
});

test('a silent guest is reachable again within 150 ms on a bond that changes its own MAC with its slave', async (t) => {
  const { lab } = await labWithFigures(t, { bond: { miimon: 100, fail_over_mac: 'active' } });
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutLink(1);
    await lab.untilActive('up2');
  });
});

test('a silent guest is reachable within 150 ms of the first link that comes back after all were down', async (t) => {
  const { lab } = await labWithFigures(t);
  const stream = await Stream.start(lab);
  await lab.cutLink(2);
  await lab.cutLink(1);
  await lab.untilActive(null);
  await stream.goesOn(20);
  await lab.mendLink(2);
  const mended = Date.now();
  await lab.untilActive('up2');
  await stream.arrivesAgain(5);
  for (const { guest, packets } of await stream.stop()) {
    const back = packets.find(({ sentAt, arrived }) => arrived && sentAt >= mended);
    const dark = (back?.sentAt ?? Infinity) - mended - stalled(packets, mended, back?.sentAt ?? mended);
    console.log(`${guest.name} is reachable ${Math.round(dark)} ms after the link came back`);
    assert.ok(dark <= LIMIT_MS);
  }
});
