import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { ageOut } from './net/ageing.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { ip } from './net/ip.js';
import { plainBridge } from './net/hypervisor.js';

test('a guest that has been silent for longer than the bridge remembers it is announced', async (t) => {
  const { lab } = await labWithDaemon(t);
  await ageOut(lab, ...lab.guests.map(({ mac }) => mac));
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
});

test('a silent guest that was shut down is not announced', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const [gone, ...rest] = lab.guests;
  assert.ok(gone);
  await ageOut(lab, ...lab.guests.map(({ mac }) => mac));
  await ip(gone.netns, [`link set ${gone.device} down`]);
  const guests = 'bondherald_guests{bond="bond0",source="fdb"}';
  await until(async () => (await daemon.metric(guests)) === rest.length, { what: 'the guest is forgotten' });
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, rest.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(rest));
});

test('a guest that migrated is not announced, though the bridge has forgotten where it went', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(3) });
  const moved = lab.guest('g2');
  lab.inject('client2', 'eth0', chatter(moved.mac));
  await until(async () => (await lab.learned('hv')).get(moved.mac) === 'bond0', { what: 'the migration is learned' });
  await ageOut(lab, ...lab.guests.map(({ mac }) => mac));
  const rest = lab.guests.filter((guest) => guest !== moved);
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, rest.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(rest));
});
