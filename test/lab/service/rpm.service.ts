import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { Capture } from '../net/capture.js';
import { chatter } from '../net/frames.js';
import { command, ip, mustRun } from '../net/ip.js';
import { FrameSender } from '../net/sockets.js';
import { hasExactly, NETWORK } from './capabilities.js';
import { buildHypervisor, built, files, said, show, UNIT, untilStatus } from './host.js';
import { step as test } from './step.js';

// As package.service.ts, for RHEL and its kin: the RPM package, by the real rpm. That Debian has no RPM packages which would
// bring what it requires, so nothing but this is left out.

const CONFIG = '/etc/bondherald/bondherald.yaml';
/** Debian's own rpm warns of itself without. */
const RPM = ['rpm', '--force-debian'];
const GUEST = '52:54:00:00:00:01';
let before: string[];

/** All but rpm's own list, which Debian's has in the home of its user. */
const installed = async (): Promise<string[]> =>
  (await files()).filter((file) => !/^\/(?:var\/lib\/rpm|root\/\.rpmdb)\//.test(file));

test('rpm brings a service that starts, as its own user, with its own rights', async () => {
  await buildHypervisor();
  before = await installed();
  const { code, stdout, stderr } = await command([...RPM, '-i', '--nodeps', built('.rpm')]);
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, /warning|error|fail/i);
  assert.equal((await show('ActiveState')).ActiveState, 'inactive', 'a package for RHEL starts nothing by itself');
  assert.match(await said('systemd-analyze', 'verify', '--man=no', UNIT), /^exit 0$/);
  await mustRun(['systemctl', 'enable', '--now', UNIT]);
  new FrameSender('g1').send('eth0', [chatter(GUEST)]);
  await untilStatus(/^[1-9]\d* guests? behind bond0 \(up1\)$/);
  assert.equal((await show('User')).User, 'bondherald');
  await hasExactly(NETWORK);
  assert.match(await said('rpm', '-V', '--nodeps', 'bondherald'), /^exit 0$/);
  assert.match(await said('sh', '-c', 'bondherald watch bond0 --count 0 2>&1'), /count 0: expected a number/);
});

test('a failover announces the guest on the new link', async () => {
  const far = new Capture('sw', 'p2', 'ether proto 0x8035');
  try {
    await ip('sw', ['link set p1 down']);
    await far.waitFor(({ bytes }) => bytes.toString('hex', 6, 12) === GUEST.replaceAll(':', ''));
    await untilStatus(/ behind bond0 \(up2\)$/);
  } finally {
    far.stop();
  }
});

test('another version keeps the configuration and the guests, and runs', async () => {
  writeFileSync(CONFIG, 'bonds: [bond0]\n');
  const { MainPID } = await show('MainPID');
  await mustRun([...RPM, '-U', '--nodeps', '--replacepkgs', '--replacefiles', built('.rpm')]);
  await untilStatus(/^[1-9]\d* guests? behind bond0 \(up2\)$/);
  assert.notEqual((await show('MainPID')).MainPID, MainPID);
  assert.equal(await mustRun(['cat', CONFIG]), 'bonds: [bond0]\n');
  assert.match(await said('bondherald', 'guests'), new RegExp(`${GUEST}.* yes\\n`));
});

test('erased, it leaves a changed configuration and its user, and nothing else', async () => {
  await mustRun([...RPM, '-e', 'bondherald']);
  assert.deepEqual(
    (await installed()).filter((file) => !before.includes(file)),
    [`${CONFIG}.rpmsave`],
  );
  rmSync('/etc/bondherald', { recursive: true });
  assert.deepEqual(await installed(), before);
  assert.doesNotMatch(await mustRun(['ip', '-o', 'link']), /bh-/);
  assert.match(await said('systemctl', 'show', '-p', 'LoadState', UNIT), /not-found/);
});
