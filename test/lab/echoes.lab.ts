import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { FarSide } from './net/attacks.js';
import { capture } from './net/capture.js';
import { labWithDaemon, ONE_BURST, runIn } from './net/daemon.js';
import { BOND, plainBridge } from './net/hypervisor.js';

/*
 * Frames that come back by the link by which they have left.
 */

/** Has the first switch reflect what it gets from the hypervisor, as a port in VEPA mode does. */
const reflect = (): Promise<unknown> =>
  runIn(['bridge', 'link', 'set', 'dev', 'p-hv', 'hairpin', 'on'], { netns: 'sw1' });

test('a guest whose broadcasts come back at once is here, and stays reachable; one that moved meanwhile is not', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(3), config: ONE_BURST });
  const [guest, wanderer, witness] = lab.guests;
  assert.ok(guest && wanderer && witness);
  const far = new FarSide(lab, daemon, witness);
  await reflect();
  const echoes = capture(lab, 'hv', BOND, { filter: `ether src ${guest.mac}` });
  const ignored = 'bondherald_sightings_ignored_total{source="snoop",reason="echo"}';
  for (let n = 1; n <= 3; n++) {
    lab.inject(guest.netns, guest.device, say.arp({ src: guest.mac }, { spa: '192.0.2.1', tpa: `192.0.2.10${n}` }));
    await until(() => echoes.frames.length === 2 * n, { what: `its frame ${n} came back` });
    await until(async () => (await lab.learned('hv')).get(guest.mac) === guest.port, { what: 'its bridge is right' });
    assert.ok(await far.announces(guest.mac), `after its frame ${n}`);
    await until(async () => ((await daemon.metric(ignored)) ?? 0) >= n, { what: `echo ${n} is known` });
  }
  // A broadcast of a kind that is not listened to.
  lab.speakOnce(guest);
  await until(() => echoes.frames.length === 8, { what: 'it came back' });
  const isAway = async (): Promise<boolean> => !(await far.announces(wanderer.mac));
  await until(() => (lab.inject('client', 'eth0', say.rarp({ src: wanderer.mac })), isAway()), {
    what: 'who moved is away',
  });
  assert.ok(await far.announces(guest.mac), 'who is reflected');
  assert.equal(daemon.stderr.match(/frames that left by a bond come back/g)?.length, 1);
});

test('nor do our own frames make guests seem to be elsewhere when they come back, in any round', async (t) => {
  const config = 'announce: {schedule: [0s, 3s, 4s], jitter: 0, damping: {failovers: 1000}}';
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(3), config });
  await lab.setActive('up2');
  await daemon.logs(/announcement finished/);
  await reflect();
  await lab.setActive('up1');
  await until(() => daemon.stderr.split('announcement finished').length === 3, { what: 'all rounds are out' });
  const { stdout } = await runIn(['sh', '-c', 'bin/bondherald guests']);
  assert.equal(stdout.match(/ yes$/gm)?.length, 3, stdout);
});
