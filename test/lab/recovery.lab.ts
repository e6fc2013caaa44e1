import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announced, expected, firstRound, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';

/** As many failovers as are announced in three minutes. */
const ROUNDS = 4;

test('every guest is announced on the first link that comes back after all links were down', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  await lab.cutLink(2);
  for (let round = 0; round < ROUNDS; round++) {
    const back = round % 2 === 0 ? 2 : 1;
    await lab.cutLink(back === 2 ? 1 : 2);
    await lab.untilActive(null);
    const arriving = nextRound(far, lab.guests.length);
    await lab.mendLink(back);
    assert.deepEqual(announced(await arriving), expected(lab.guests), `round ${round + 1}, link ${back}`);
  }
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), ROUNDS);
  const lostAgain = 'bondherald_announcements_total{bond="bond0",result="no-active-slave"}';
  assert.equal(await daemon.metric(lostAgain), ROUNDS - 1, 'an announcement ends with the last link');
});

test('while all links are down nothing is sent and no failover is counted', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const sent = capture(lab, 'hv', 'bond0', { filter: RARP_FILTER });
  await lab.cutLink(2);
  await lab.cutLink(1);
  await lab.untilActive(null);
  await lab.mendLink(1);
  await lab.untilActive('up1');
  await daemon.logs(/failover announced/);
  await sent.settled();
  assert.deepEqual(announced(firstRound(sent.frames)), expected(lab.guests));
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), 1);
});
