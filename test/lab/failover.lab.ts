import { test } from 'node:test';
import { labWithDaemon } from './net/daemon.js';
import { assertOutage } from './net/outage.js';

/** miimon 100 finds a dead link within 100 ms; what is left for us, the switch and the lab's 10 ms clock is 50 ms. */
const LIMIT_MS = 150;

test('a silent guest is reachable again within 150 ms when its link fails', async (t) => {
  const { lab } = await labWithDaemon(t);
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutLink(1);
    await lab.untilActive('up2');
  });
});

test('a silent guest stays reachable when the first link comes back and takes over again', async (t) => {
  const { lab } = await labWithDaemon(t, { bond: { miimon: 100, primary: 'up1' } });
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
  const { lab } = await labWithDaemon(t);
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
  const { lab } = await labWithDaemon(t, { bond: { miimon: 100, fail_over_mac: 'active' } });
  await assertOutage(lab, { limit: LIMIT_MS }, async () => {
    await lab.cutLink(1);
    await lab.untilActive('up2');
  });
});
