import assert from 'node:assert/strict';
import { Capture } from '../net/capture.js';
import { chatter } from '../net/frames.js';
import { FrameSender } from '../net/sockets.js';
import { buildHypervisor, show, untilAnother, untilStatus } from './host.js';
import { Page } from './page.js';
import { step as test } from './step.js';

// docs/first-ten-minutes.md, as a new user follows it: each step runs what its section says, and what is printed must be
// what is shown there. This is also the shortest run of the package under systemd.

const GUEST = '52:54:00:00:00:01';
const page = new Page('docs/first-ten-minutes.md');

test('install: one command brings a service that runs', async () => {
  await buildHypervisor();
  new FrameSender('g1').send('eth0', [chatter(GUEST)]);
  await page.follow('Install');
  const { Type, SubState, UnitFileState } = await show('Type', 'SubState', 'UnitFileState');
  assert.deepEqual([Type, SubState, UnitFileState], ['notify', 'running', 'enabled']);
});

test('look: the status tells of the bond and its links', () => page.follow('Look at the status'));

test('look: the guest is known and announced', () => page.follow('Look at the guests'));

test('ask: the doctor says what could be better', () => page.follow('Ask the doctor'));

test('pull a link: the guest is announced on the other one, and status and log say so', async () => {
  const far = new Capture('sw', 'p2', 'ether proto 0x8035');
  try {
    await page.follow('Pull a link');
    const rarp = await far.waitFor(({ bytes }) => bytes.toString('hex', 6, 12) === GUEST.replaceAll(':', ''));
    assert.equal(rarp.bytes.toString('hex', 0, 6), 'ffffffffffff');
    await untilStatus(/ behind bond0 \(up2\)$/);
  } finally {
    far.stop();
  }
});

test('look again: the link is back, and the bond stays where it is', () => page.follow('Mend it'));

test('kill it: systemd starts it again, and it knows its guests', async () => {
  const { MainPID } = await show('MainPID');
  await page.follow('Kill it', async () => {
    console.log(`back after ${Math.round(await untilAnother(MainPID, 60_000))} ms`);
  });
  assert.equal((await show('NRestarts')).NRestarts, '1');
});

test('that is all that the page says', async () => assert.deepEqual(page.left, []));
