/** What a bridge learns and what it does not: locked ports, and a table without room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected } from './net/announced.js';
import { limitLearning, lockPort } from './net/bridge-requests.js';
import { labWithDaemon } from './net/daemon.js';
import { cure, doctor } from './net/doctor.js';
import { type Guest, plainBridge } from './net/hypervisor.js';
import { bridge } from './net/ip.js';
import { announcedOn, open, untilListed } from './net/listed.js';

test('a MAC that a locked port keeps out is nobody, until it is let in', async (t) => {
  const { lab } = await labWithDaemon(t, { attach: plainBridge(2), teach: false });
  const [one, shutOut] = lab.guests as [Guest, Guest];
  lockPort('tap2');
  lab.speakOnce(shutOut); // from Linux 6.2 on the bridge lists it, as locked
  lab.speakOnce(one);
  await untilListed(open(one));
  assert.deepEqual(await announcedOn(lab, 'up2', 1), expected([one]));
  await bridge('hv', [`fdb replace ${shutOut.mac} dev tap2 master dynamic`]);
  await untilListed(open(one), open(shutOut));
  assert.deepEqual(await announcedOn(lab, 'up1', 2), expected([one, shutOut]));
});

test('a bridge that may learn no more MACs is in the log and found by the doctor; its cure lets newcomers in', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const [one] = lab.guests as [Guest];
  const newcomer = { ...one, mac: '52:54:00:00:01:00' };
  const isFull = async (): Promise<boolean> => (await doctor()).findings.some(({ id }) => id === 'bridge-fdb-full');
  if (!limitLearning('br0', 3)) return assert.equal(await isFull(), false, 'this kernel has no limit to reach');
  await daemon.logs(/a bridge has no room for more MACs: .* bridge=br0 learned=3 limit=3/);
  lab.speakOnce(one, newcomer.mac);
  await untilListed(...lab.guests.map(open));
  const { findings } = await doctor();
  await cure(findings.find(({ id }) => id === 'bridge-fdb-full'));
  await daemon.logs(/a bridge has room for more MACs again bridge=br0 learned=3 limit=12/);
  assert.equal(await isFull(), false);
  lab.speakOnce(one, newcomer.mac);
  await untilListed(...[...lab.guests, newcomer].map(open));
  assert.equal(daemon.stderr.match(/has no room for more MACs/g)?.length, 1);
});
