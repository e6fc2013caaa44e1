import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';

test('a bond that flaps every second is announced four times and no more, and nothing comes of a run that is cancelled', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const leaving = capture(lab, 'hv', 'bond0', { filter: RARP_FILTER });
  const failovers: number[] = [];
  for (const slave of ['up2', 'up1', 'up2', 'up1', 'up2']) {
    lab.setActiveNow(slave);
    failovers.push(Date.now());
    await sleep(1000);
  }
  await daemon.logs(
    /failover not announced yet: the bond fails over too often bond=bond0 active_slave=up2 wait_s=17\d/,
  );
  await sleep(6000); // the rounds at 1.1, 3 and 7 s of the one before would be due
  await leaving.settled();
  const last = failovers.at(-1) ?? 0;
  assert.deepEqual(
    leaving.frames.filter(({ time }) => time > last + 50),
    [],
    'it has failed over again',
  );
  assert.ok(leaving.frames.length >= 4 * 3);
  const announcements = (result: string): Promise<number | undefined> =>
    daemon.metric(`bondherald_announcements_total{bond="bond0",result="${result}"}`);
  assert.deepEqual([await announcements('superseded'), await announcements('damped')], [4, 1]);
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), 5);
});
